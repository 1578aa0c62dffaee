"""The decisions, pure: a room for each subject.

No Ray, network, disk or clock: ``now`` is an argument, and randomness comes in as a number.
"""
