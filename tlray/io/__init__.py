"""Outside things, one to a file: the network, the journal, parts, the archive. Foreign exceptions are translated here."""
