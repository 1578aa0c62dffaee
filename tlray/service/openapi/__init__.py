"""The OpenAPI document: made, completed, with examples.

Nothing that handles a request.
"""
