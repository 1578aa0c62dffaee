"""The process itself and its node: memory allocator, load, plain logs.

Nothing about sites or batches.
"""
