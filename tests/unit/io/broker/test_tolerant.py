"""Properties that the library cannot decode are read as far as they can be."""

from __future__ import annotations

import struct
from datetime import UTC, datetime
from typing import Any

import pytest
from pamqp import decode

from tlray.io.broker.tolerant import tolerate


def text(raw: bytes) -> bytes:
    return bytes([len(raw)]) + raw


def table(*rows: bytes) -> bytes:
    whole = b"".join(rows)
    return struct.pack(">I", len(whole)) + whole


@pytest.mark.parametrize(
    ("kind", "raw", "value"),
    [
        ("shortstr", text("clé".encode()), "clé"),
        ("shortstr", text(b"\xff\xfe"), "\\xff\\xfe"),
        ("timestamp", struct.pack(">Q", 0), datetime(1970, 1, 1, tzinfo=UTC)),
        ("timestamp", struct.pack(">Q", 1_795_000_000_000_000_000), None),  # in nanoseconds
        ("timestamp", struct.pack(">Q", 2**64 - 1), None),
        ("table", table(text(b"k") + b"S" + struct.pack(">I", 1) + b"v"), {"k": "v"}),
        ("table", table(text(b"k") + b"T" + struct.pack(">Q", 2**63)), {"k": None}),
        ("table", table(text(b"\xff") + b"S" + struct.pack(">I", 1) + b"v"), {}),  # its name is no text
        ("table", table(text(b"k") + b"?"), {}),  # no type of ours
    ],
)
def test_a_value_is_decoded_to_its_end(kind: str, raw: bytes, value: Any) -> None:
    tolerate()
    tolerate()
    assert decode.METHODS[kind](raw + b"rest") == (len(raw), value)
