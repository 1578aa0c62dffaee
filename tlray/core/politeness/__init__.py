"""How gently a domain is treated: policy, rate, concurrency, robots.txt, retries, rests.

Nothing about batches, leases or tasks.
"""
