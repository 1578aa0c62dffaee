"""HTTP for all routes: problems, bodies, paging, guards, limits, the answers of a service that is not ready.

Nothing about one route.
"""
