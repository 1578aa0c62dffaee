"""The client of a running service: requests, events, submission, download.

No output for a person, and no Ray.
"""
