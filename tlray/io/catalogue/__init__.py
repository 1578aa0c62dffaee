"""The catalogue of a home: the newest version of every set over all batches, its versions, and what changed between them.

``catalogue.db`` is made from the journal's results and their parts, and never the truth: it can be deleted at any time.
Nothing that writes the journal or the parts.
"""
