"""Code of Ray workers: the scrape task and the limiter actor.

No decision about what is leased, and no writing to the journal.
"""
