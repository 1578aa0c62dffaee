"""The bodies of requests and responses, as pydantic models.

No logic but validation.
"""
