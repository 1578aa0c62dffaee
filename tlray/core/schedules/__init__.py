"""Batches that run by the clock: cron lines, occurrences, URL templates.

Nothing that submits them.
"""
