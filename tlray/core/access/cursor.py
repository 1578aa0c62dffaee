"""Cursors: the opaque text at the end of a list's page, with which the next request goes on.

A cursor holds for ever: it names a place in an order that only grows. Inside is base64url of a JSON array, [kind, numbers and
words], after a checksum of it and of the list's batch. So a cursor that is mistyped, cut, made up or another batch's is
refused.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from typing import Any

from tlray.errors import UsageError

MAX_LENGTH = 500
_SUM_BYTES = 6
_MOST = 2**63 - 1
"""The largest number that a journal can hold."""


class BadCursor(UsageError):  # noqa: N818 - named for what is wrong
    """A cursor that is not of this list."""

    def __init__(self, text: str) -> None:
        super().__init__(text)

    def __str__(self) -> str:
        return f"{self.args[0][:40]!r} is no cursor of this list; take the one that its last page ended with, or none"


def encode(kind: str, *place: int | str, of: str = "") -> str:
    """Return the cursor of a place in a list of this kind, ``of`` a batch."""
    inside = json.dumps([kind, *place], separators=(",", ":"), ensure_ascii=False).encode()
    return base64.urlsafe_b64encode(_sum(of, inside) + inside).rstrip(b"=").decode()


def decode(text: str, kind: str, *types: type[int] | type[str], of: str = "") -> tuple[Any, ...]:
    """Return the place of a cursor, as values of these types; `BadCursor` for one of another list."""
    try:
        if len(text) > MAX_LENGTH:
            raise BadCursor(text)
        raw = base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
        inside = raw[_SUM_BYTES:]
        if raw[:_SUM_BYTES] != _sum(of, inside):
            raise BadCursor(text)
        found = json.loads(inside)
        fits = found[0] == kind and [type(value) for value in found[1:]] == list(types)
        if not fits or any(isinstance(value, int) and not 0 <= value <= _MOST for value in found):
            raise BadCursor(text)
    except (ValueError, binascii.Error, LookupError, TypeError, RecursionError):
        raise BadCursor(text) from None
    return tuple(found[1:])


def _sum(of: str, inside: bytes) -> bytes:
    return hashlib.blake2b(of.encode() + inside, digest_size=_SUM_BYTES, person=b"tlray-cursor").digest()
