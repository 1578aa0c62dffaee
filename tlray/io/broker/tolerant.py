"""Properties of messages that the library cannot decode: they are read as far as they can be.

A broker passes on a text that is no UTF-8, and nanoseconds where seconds should be. The library would lose the connection over
such a message, get it again, and so for ever. These functions take the place of three of its decoders.
"""

from __future__ import annotations

import struct
from typing import Any

from pamqp import decode

_timestamp, _table = decode.timestamp, decode.field_table


def _short_str(value: bytes) -> tuple[int, str]:
    """Decode a text of at most 255 bytes; each byte that is no UTF-8 becomes ``\\xff``."""
    length = value[0]
    return length + 1, value[1 : length + 1].decode("utf-8", "backslashreplace")


def _tolerant_timestamp(value: bytes) -> tuple[int, Any]:
    """Decode a time; None beyond the calendar."""
    try:
        return _timestamp(value)
    except (ValueError, OverflowError, OSError):
        return 8, None


def _tolerant_table(value: bytes) -> tuple[int, Any]:
    """Decode a table of headers; an empty one if it cannot be decoded."""
    try:
        return _table(value)
    except (ValueError, OverflowError, OSError, RecursionError):
        (length,) = struct.unpack(">I", value[:4])
        return 4 + length, {}


def tolerate() -> None:
    """Put these functions into the library's tables; again changes nothing."""
    decode.METHODS.update(shortstr=_short_str, timestamp=_tolerant_timestamp, table=_tolerant_table)
    decode.TABLE_MAPPING[b"T"] = _tolerant_timestamp
