"""The coordinator: its loop, and the methods that others call, a module for each subject.

No Ray, no HTTP, and no state of its own but tickets and watchers.
"""
