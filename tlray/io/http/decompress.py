"""Decompression of bodies, up to a limit.

gzip (several members too) and deflate, zlib's or raw, in memory: compressed bodies are small, decompressed ones may not be. An
unknown coding (servers send `utf-8` or ``none``) is ignored if the body is plain text, as browsers do. Bytes after the last gzip
member are ignored, as by gzip(1) and browsers; zlib checks the checksums.
"""

from __future__ import annotations

import re
import zlib

_GZIP, _ZLIB, _RAW = 31, 15, -15
_MAGIC = b"\x1f\x8b"
_MAX_CODINGS = 2
"""Servers send one; an attacker may send hundreds."""
_KNOWN = frozenset({"gzip", "x-gzip", "deflate"})
_NOT_ASKED_FOR = frozenset(
    {"br", "zstd", "compress", "x-compress", "dcb", "dcz", "exi", "aes128gcm", "bzip2", "xz"}
)
"""Codings that exist: a short body in one of them may look like text."""
_BINARY = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]")
"""Bytes that no text has (WHATWG MIME Sniffing, which reads the first 1445 bytes)."""
_LOOK_BYTES = 1445
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_MAX_MEMBERS = 64
"""Servers send a few; each costs a copy of the rest of the body."""


class DecompressError(Exception):
    """The bytes are not what ``Content-Encoding`` says; the text is a few words for a person."""


class EndsEarlyError(DecompressError):
    """The compressed stream stops before its end."""


class ExpandsTooFarError(DecompressError):
    """The decompressed body is over the limit."""


def decompress(body: bytes, content_encoding: str, *, max_bytes: int, cut: bool = False) -> bytes:
    """Undo ``content_encoding``; DecompressError for anything else than a whole body.

    With ``cut``, the beginning of the body is enough: at most ``max_bytes`` of it, even from a
    stream that ends early.
    """
    named = [name for part in content_encoding.lower().split(",") if (name := part.strip())]
    codings = [name for name in named if name in _KNOWN]
    if len(codings) > _MAX_CODINGS:
        raise DecompressError("too many content-encodings")
    for n_left in reversed(range(len(codings))):
        # what is still compressed may be a little larger than what is in it
        bound = max_bytes + n_left * (max_bytes // 1000 + 64 * 1024)
        body = _undo(body, codings[n_left], bound, cut)
    for name in named:
        if name not in _KNOWN and name != "identity" and not _is_plain(body, name):
            raise DecompressError(f"content-encoding {name[:20]}")
    if len(body) <= max_bytes:
        return body
    if cut:
        return body[:max_bytes]
    raise ExpandsTooFarError(f"more than {max_bytes} bytes")


def _undo(body: bytes, coding: str, max_bytes: int, cut: bool) -> bytes:
    """Undo one coding."""
    if not body:
        return body  # an empty body is often labelled gzip all the same
    if coding == "deflate":
        return _stream(body, _ZLIB if _is_zlib(body) else _RAW, max_bytes, cut)[0]
    return _gunzip(body, max_bytes, cut)


def _is_plain(body: bytes, coding: str) -> bool:
    """True if a body is text although it is labelled with ``coding``."""
    start = body[:_LOOK_BYTES]
    if coding in _NOT_ASKED_FOR and not start.isascii():
        return False
    return start.startswith(_UTF16) or not _BINARY.search(start)


def _gunzip(body: bytes, max_bytes: int, cut: bool) -> bytes:
    """Undo gzip, member by member."""
    out, rest = _stream(body, _GZIP, max_bytes, cut)
    if not rest.startswith(_MAGIC):
        return out
    members, n_bytes = [out], len(out)
    while rest.startswith(_MAGIC) and not (cut and n_bytes >= max_bytes):
        if len(members) == _MAX_MEMBERS:
            raise DecompressError("too many gzip members")
        out, rest = _stream(rest, _GZIP, max_bytes - n_bytes, cut)
        members.append(out)
        n_bytes += len(out)
    return b"".join(members)


def _stream(body: bytes, wbits: int, max_bytes: int, cut: bool) -> tuple[bytes, bytes]:
    """Undo one stream; return what was in it and the bytes after it."""
    stream = zlib.decompressobj(wbits)
    try:
        # one byte more than allowed tells "exactly full" from "more"; 0 would mean "no bound"
        out = stream.decompress(body, max_bytes + 1)
    except zlib.error as error:
        raise DecompressError(f"bad {'gzip' if wbits == _GZIP else 'deflate'} data") from error
    if len(out) > max_bytes:
        if cut:
            return out[:max_bytes], b""
        raise ExpandsTooFarError(f"more than {max_bytes} bytes")
    if not stream.eof and not cut:
        raise EndsEarlyError("compressed data ends early")
    return out, stream.unused_data


def _is_zlib(body: bytes) -> bool:
    """True if ``body`` begins with a zlib header (RFC 1950); many servers mean a raw stream by deflate."""
    return len(body) > 1 and body[0] & 0x0F == 8 and (body[0] << 8 | body[1]) % 31 == 0
