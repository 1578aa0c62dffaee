"""Serato's session files: chunks of a four-letter name, a length and so many bytes, all big-endian, texts in UTF-16.

``oent`` holds ``adat``, the fields of a row: number, length, value. A row that is written again replaces the one before; ``oren``
with ``uent`` takes one away. The numbers of fields are those that sslscrobbler found out.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

MAX_ROWS = 100_000
MAX_FIELD_BYTES = 64 * 1024
_LENGTH_BYTES, _HEAD_BYTES = 4, 8

ROW, TITLE, ARTIST, GENRE, LENGTH, LABEL = 1, 6, 7, 9, 10, 21
START, END, PLAYTIME, PLAYED = 28, 29, 45, 50


@dataclass(slots=True)
class SessionRow:
    """A row, its fields as bytes."""

    fields: dict[int, bytes]

    def text(self, number: int) -> str:
        """Return a text; "" where the row has none."""
        return self.fields.get(number, b"").decode("utf-16-be", "replace").partition("\0")[0]

    def whole(self, number: int) -> int | None:
        """Return a whole number of one to eight bytes; None where the row has none."""
        value = self.fields.get(number, b"")
        return int.from_bytes(value, "big") if 0 < len(value) <= 8 else None


def is_session(head: bytes) -> bool:
    """True if a file begins as Serato's files do and holds rows, or is of the version that sessions are of."""
    return head.startswith(b"vrsn\0\0") and (
        b"oentadat" in _without_lengths(head) or "Scratch LIVE Review" in _wide(head)
    )


def rows_of(body: bytes) -> tuple[list[SessionRow], bool]:
    """Return the rows in the order in which they were first written, and whether the file ends within one."""
    rows: dict[int, SessionRow] = {}
    whole = 0
    n_seen = 0
    for name, value, end in _chunks(body, 0, len(body)):
        whole = end
        if name == b"oent":
            n_seen += 1
            for inner, fields, _ in _chunks(value, 0, len(value)):
                if inner == b"adat":
                    row = SessionRow(dict(_fields(fields)))
                    number = row.whole(ROW)
                    rows[-n_seen if number is None else number] = row
        elif name == b"oren":
            for inner, number_bytes, _ in _chunks(value, 0, len(value)):
                if inner == b"uent":
                    rows.pop(int.from_bytes(number_bytes[-4:], "big"), None)
        if len(rows) > MAX_ROWS:
            break
    return list(rows.values()), whole < len(body.rstrip(b"\0"))


def _chunks(data: bytes, begin: int, end: int) -> Iterator[tuple[bytes, bytes, int]]:
    """Yield (name, value, where it ends) of whole chunks."""
    while begin + _HEAD_BYTES <= end:
        (length,) = struct.unpack_from(">I", data, begin + 4)
        after = begin + _HEAD_BYTES + length
        if after > end:
            return
        yield data[begin : begin + 4], data[begin + _HEAD_BYTES : after], after
        begin = after


def _fields(data: bytes) -> Iterator[tuple[int, bytes]]:
    for name, value, _ in _chunks(data, 0, len(data)):
        if len(value) <= MAX_FIELD_BYTES:
            yield int.from_bytes(name, "big"), value


def _wide(head: bytes) -> str:
    return head[_HEAD_BYTES:200].decode("utf-16-be", "replace")


def _without_lengths(head: bytes) -> bytes:
    return b"".join(name + value[:4] for name, value, _ in _chunks(head, 0, len(head)))
