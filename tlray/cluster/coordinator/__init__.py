"""The coordinator: batches, leases, limiters, submission, shutdown.

No Ray: everything outside its process is a port.
"""
