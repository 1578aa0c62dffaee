"""HTTP for all routes: problems, bodies, paging, guards, limits, the responses of a service that is not ready.

Nothing about one route.
"""
