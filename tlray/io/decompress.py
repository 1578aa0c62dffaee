"""What is inside a body that came compressed, as far as a bound allows?

gzip (several members too) and deflate, zlib's or raw, in memory: wire bodies are small, what they
expand to may not be. A page of ordinary size takes one call of zlib. After a whole gzip member, bytes that
begin no other member are ignored, as gzip(1) and browsers do; checksums are checked by zlib.
"""

from __future__ import annotations

import zlib

_GZIP, _ZLIB, _RAW = 31, 15, -15
_MAGIC = b"\x1f\x8b"
_MAX_CODINGS = 2
"""Nobody sends more than one; an attacker may name hundreds."""
_MAX_MEMBERS = 64
"""Nobody sends more than a few; each costs a copy of all that follows it."""


class DecompressError(Exception):
    """The bytes are not what ``Content-Encoding`` says; the text is a few words for a person."""


class EndsEarlyError(DecompressError):
    """The compressed stream stops before its end."""


class ExpandsTooFarError(DecompressError):
    """More bytes would come out than the bound allows."""


def decompress(body: bytes, content_encoding: str, *, max_bytes: int, cut: bool = False) -> bytes:
    """Undo ``content_encoding``; DecompressError for anything else than a whole body.

    With ``cut``, the beginning of the body is enough: at most ``max_bytes`` of it, even from a
    stream that ends early.
    """
    codings = [
        name for part in content_encoding.lower().split(",") if (name := part.strip()) not in {"", "identity"}
    ]
    if len(codings) > _MAX_CODINGS:
        raise DecompressError("too many content-encodings")
    for n_left in reversed(range(len(codings))):
        # what is still compressed may be a little larger than what is in it
        bound = max_bytes + n_left * (max_bytes // 1000 + 64 * 1024)
        body = _undo(body, codings[n_left], bound, cut)
    if len(body) <= max_bytes:
        return body
    if cut:
        return body[:max_bytes]
    raise ExpandsTooFarError(f"more than {max_bytes} bytes")


def _undo(body: bytes, coding: str, max_bytes: int, cut: bool) -> bytes:
    """Undo one coding."""
    if not body:
        return body  # an empty body is often labelled gzip all the same
    if coding in {"gzip", "x-gzip"}:
        return _gunzip(body, max_bytes, cut)
    if coding == "deflate":
        return _stream(body, _ZLIB if _is_zlib(body) else _RAW, max_bytes, cut)[0]
    raise DecompressError(f"content-encoding {coding[:20]}")


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
    """Whether ``body`` begins with a zlib header (RFC 1950); many servers mean a raw stream by deflate."""
    return len(body) > 1 and body[0] & 0x0F == 8 and (body[0] << 8 | body[1]) % 31 == 0
