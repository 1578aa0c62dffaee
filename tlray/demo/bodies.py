"""The bodies of a demo site's pages: made once, compressed, cached.

A page is invented, marked up and compressed when it is first asked for (about 10 ms) and kept, oldest
out first, within a bound of bytes; after that it costs a look-up.
"""

from __future__ import annotations

import gzip
import zlib
from collections import OrderedDict
from collections.abc import Callable
from functools import lru_cache

_MEMBER_END = zlib.compressobj(9, zlib.DEFLATED, -15).flush()
_GZIP_HEAD = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff"
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010804000000b51c0c020000000b4944415478da6364600000000600023081d02f0000000049454e44ae426082"
)  # fmt: skip


def compress(body: bytes) -> bytes:
    """Compress as the site does; equal bodies give equal bytes."""
    return gzip.compress(body, 6, mtime=0)


@lru_cache(maxsize=4)
def bomb(gigabytes: float) -> bytes:
    """Make a gzip stream that expands to so many gigabytes of blanks.

    One megabyte is compressed once and repeated: after a full flush a deflate block stands for
    itself. The checksum at the end is not right; who gets that far has lost already.
    """
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = packer.compress(b" " * 2**20) + packer.flush(zlib.Z_FULL_FLUSH)
    return _GZIP_HEAD + block * int(gigabytes * 1024) + _MEMBER_END + bytes(8)


class BodyCache:
    """Compressed bodies by name, within ``max_bytes``."""

    def __init__(self, max_bytes: int = 256 * 2**20) -> None:
        self._max_bytes = max_bytes
        self._bodies: OrderedDict[tuple[str, int], bytes] = OrderedDict()
        self.n_bytes = 0

    def get(self, name: tuple[str, int], make: Callable[[], bytes]) -> bytes:
        """Return the body called ``name``, made by ``make`` if it is not there."""
        body = self._bodies.get(name)
        if body is not None:
            self._bodies.move_to_end(name)
            return body
        body = make()
        self._bodies[name] = body
        self.n_bytes += len(body)
        while self.n_bytes > self._max_bytes and len(self._bodies) > 1:
            self.n_bytes -= len(self._bodies.popitem(last=False)[1])
        return body
