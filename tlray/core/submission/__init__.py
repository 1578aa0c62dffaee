"""Rules of submission: what a list and its options must meet to become a batch.

Pure: HTTP, the command line and schedules apply the same rules and map the errors.
"""
