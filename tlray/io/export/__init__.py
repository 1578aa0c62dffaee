"""Exports written to files: one file, Parquet, ZIP.

No format: those are in `tlray.export`.
"""
