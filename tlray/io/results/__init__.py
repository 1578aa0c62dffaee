"""Result files: Parquet tables and WARC archives, written, merged and read.

No decision about which part counts: the journal's manifest says that.
"""
