"""What the service may ask of a coordinator, a module for each subject.

No Ray, no HTTP, and no state of its own but tickets and watchers.
"""
