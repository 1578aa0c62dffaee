"""Redis (``TLRAY_REDIS``): progress for other processes, request counts and submission keys that services share.

Nothing here is the truth, and nothing waits long for it: without Redis all goes on, with less to see. The only room that imports
the library.
"""
