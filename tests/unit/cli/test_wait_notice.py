"""What a command says while its list waits for room."""

from __future__ import annotations

import io

from tlray.cli.wait_notice import WaitingLines
from tlray.errors import BacklogFull


def test_a_line_is_told_at_once_and_then_every_half_minute() -> None:
    out, now = io.StringIO(), [0.0]
    lines = WaitingLines(out=out, clock=lambda: now[0])
    full = BacklogFull(2_000_000, "TLRAY_MAX_OPEN_ITEMS_PER_USER", 1_999_000, 90, can_wait=True)
    for second in range(61):
        now[0] = float(second)
        lines.tell(full)
    told = out.getvalue().splitlines()
    assert len(told) == 3
    assert told[0] == (
        "waiting for room: 1,999,000 items are open, at most 2,000,000 may be"
        " (TLRAY_MAX_OPEN_ITEMS_PER_USER); there may be room in 90 s, or raise the limit"
    )
