"""What a worker makes of a response: outcomes, robots.txt rules; and its crash note.

No scheduling, and no network code but through `tlray.io.http`.
"""
