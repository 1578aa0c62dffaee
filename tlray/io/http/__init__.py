"""Requests to sites: addresses, names, one bounded fetch, the response and its errors.

No decision about when to fetch, and no reading of pages.
"""
