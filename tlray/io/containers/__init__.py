"""Files as users have them, opened: folders, gzip, MHTML, WARC, WACZ, zip.

Out come `SourceFile`s, one at a time, or refusals with a reason. Names inside archives are never used as paths, nothing is
unpacked to disk, and links are not followed.
"""
