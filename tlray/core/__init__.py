"""Core: the decisions, pure. No Ray, no network, no clock: ``now`` is an argument, randomness comes in as a
number."""
