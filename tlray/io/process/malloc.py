"""The C library's treatment of freed memory. By default it hands a page's tree back to the kernel after every page.

A tracklist page's tree is some megabytes. glibc returns such blocks to the system when they are freed, and every next page pays
for them again with thousands of page faults: more than half of the CPU time of parsing, as measured (docs/performance.md).
Keeping up to 16 MB of freed memory costs nothing else. See mallopt(3).
"""

from __future__ import annotations

import ctypes
import sys

KEPT_BYTES = 16 * 1024 * 1024
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3


def keep_freed_memory() -> bool:
    """Let glibc keep what is freed; False where the C library is another, which then does as it likes."""
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return False
    return bool(mallopt(_M_TRIM_THRESHOLD, KEPT_BYTES) and mallopt(_M_MMAP_THRESHOLD, KEPT_BYTES))
