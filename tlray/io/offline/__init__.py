"""What a command does in a home where no coordinator works: open its journal for one change, pause or cancel a batch.

No Ray.
"""
