"""tlray's own exports of any size, JSON lines or an array with a set a line: read some whole lines at a time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO

from tlray.io.intake.members import MAX_MEMBER_BYTES, Budget, Given, Member, Refusal, too_large

BLOCK_BYTES = 8 * 2**20
_FIRST_SET = re.compile(rb'\s*(?:\[\s*)?\{"url": ?".{0,5000}?"site": ?"', re.DOTALL)


def is_own_lines(head: bytes) -> bool:
    """True if a file begins as our export of several sets does."""
    return bool(_FIRST_SET.match(head))


def read_own_lines(
    stream: BinaryIO, given: Given, budget: Budget | None = None
) -> Iterator[Member | Refusal]:
    """Yield blocks of whole lines."""
    lines: list[bytes] = []
    n_bytes, first, number = 0, 1, 0
    while line := stream.readline(MAX_MEMBER_BYTES + 1):
        number += 1
        if budget:
            budget.spend(len(line))
        if len(line) > MAX_MEMBER_BYTES:
            yield Refusal(f"line {number}", f"{too_large()}; the rest is not read")
            break
        if not (line := line.strip().rstrip(b",")) or line in (b"[", b"]"):
            continue
        lines.append(line)
        n_bytes += len(line)
        if n_bytes >= BLOCK_BYTES:
            yield Member(f"line {first}", given.source(b"\n".join(lines)))
            lines, n_bytes, first = [], 0, number + 1
    if lines:
        yield Member(f"line {first}", given.source(b"\n".join(lines)))
