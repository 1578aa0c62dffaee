"""Politeness of a domain: policy, rate, concurrency, robots.txt, retries, rests.

Nothing about batches, leases or tasks.
"""
