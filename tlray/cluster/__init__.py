"""The only folder that imports Ray: the coordinator, the limiters, the scrape task, and the client's side of them.

Classes here are plain; each is made an actor in one factory, which holds its name, resources and restarts.
"""
