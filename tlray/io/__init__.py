"""Outside things, a room each: network, journal, result files, disk. Foreign exceptions are translated here.

No decision about what is fetched, when, or by whom; no Ray.
"""
