"""Changes to a home in which no coordinator works: open its journal for one change, pause or cancel a batch.

No Ray.
"""
