"""The interpretation of a response in a worker: outcomes, robots.txt rules; and its crash note.

No scheduling, and no network code but through `tlray.io.http`.
"""
