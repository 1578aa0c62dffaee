"""Where does a reader go on? An opaque word that a list's page ends with, and that the next question brings back.

It holds for ever: it names a place in an order that only grows, not a moment. Inside: base64url of a JSON array, [its kind,
numbers and words], before it a checksum of that and of the batch whose list it is, so that a word that was mistyped, cut, made
up, or is another batch's, is seen to be none.
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
    """A cursor that no answer of this list has ever ended with."""

    def __init__(self, text: str) -> None:
        super().__init__(text)

    def __str__(self) -> str:
        return f"{self.args[0][:40]!r} is no cursor of this list; take the one that its last page ended with, or none"


def encode(kind: str, *place: int | str, of: str = "") -> str:
    """Return the cursor of a place in a list of this kind; ``of``: whose list it is, a batch's id."""
    inside = json.dumps([kind, *place], separators=(",", ":"), ensure_ascii=False).encode()
    return base64.urlsafe_b64encode(_sum(of, inside) + inside).rstrip(b"=").decode()


def decode(text: str, kind: str, *types: type[int] | type[str], of: str = "") -> tuple[Any, ...]:
    """Return the place that a cursor of this list names, as values of these types; `BadCursor` for any other."""
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
