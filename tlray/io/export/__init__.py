"""Exports written to files: one file, a folder, ZIP; Parquet, Excel, SQLite.

The pure formats are in `tlray.export`.
"""
