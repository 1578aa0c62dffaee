"""The coordinator's ports on Ray: actors, tasks, threads, nodes, metrics.

No decisions.
"""
