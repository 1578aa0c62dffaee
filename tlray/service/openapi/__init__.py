"""The OpenAPI document and its examples.

Nothing that handles a request.
"""
