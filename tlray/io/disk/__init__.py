"""The home folder and safe writing: locks, fsync, atomic output, private files, local time.

Nothing about what the files hold.
"""
