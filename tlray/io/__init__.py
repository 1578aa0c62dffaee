"""Io: one outside thing per file. Foreign exceptions are translated here, into outcomes or `tlray.errors`."""
