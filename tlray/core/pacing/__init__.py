"""Inside a scrape task: which fetch may begin now, and which request may go on the wire.

Nothing that the coordinator decides.
"""
