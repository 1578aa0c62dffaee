"""The live panel as it is drawn: at 80 and at 40 columns, in a low terminal, without colours, with hostile and wide text."""

from __future__ import annotations

import io
import os
import pty
import sys
from contextlib import suppress
from typing import Any

import pytest
from rich.cells import cell_len
from rich.console import Console

from tlray.cli import progress
from tlray.cli.progress import Bar, Lines, display
from tlray.cli.progress_text import LastFailures, eta_text, fit, panel

NOW = 1_800_000_000.0
HOSTILE = "a\x1b[2J\x07\r\nb\u202ec\x9b1m\u2028d"


@pytest.fixture(autouse=True)
def _in_utc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    progress.time.tzset()
    monkeypatch.setattr(progress.time, "time", lambda: NOW)


def status(**values: Any) -> dict[str, Any]:
    counts = {
        "queued": 280,
        "waiting": 6,
        "leased": 1,
        "succeeded": 110,
        "dead": 3,
        "skipped": 0,
        "cancelled": 0,
    }
    domains = {
        "sets.example.org": {"open": 200, "in_flight": 1, "blocks": 0, "max_rate": 1.0, "rate": 0.5},
        "slow.example.net": {
            "open": 80, "in_flight": 0, "blocks": 1, "max_rate": 0.125, "rate": 0.125, "cooling_until": NOW + 1_800,
            "reason": "blocked: captcha",
        },
        "127.0.0.1:8080": {"open": 7, "in_flight": 3, "blocks": 0, "max_rate": None, "rate": None},
        "done.example.org": {"open": 0, "max_rate": 1.0, "rate": 1.0},
    }  # fmt: skip
    return {
        "state": "running", "total": 400, "counts": counts, "rate_per_min": 27.3, "estimated_completion": NOW + 3_000,
        "estimated_between": [NOW + 2_400, NOW + 3_600], "estimate_missing": None, "domains": domains, "n_domains": 3,
        "retries": 2, "workers": 2, "workers_waiting": 0, "trouble": None, **values,
    }  # fmt: skip


def failures(*items: tuple[str, str, str]) -> LastFailures:
    found = LastFailures()
    found.note({"items": [
        {"item_id": str(n), "state": state, "reason": reason, "url": url} for n, (state, reason, url) in enumerate(items)
    ]})  # fmt: skip
    return found


FAILED = failures(
    ("dead", "gone: 404", "https://sets.example.org/tracklist/1"),
    ("waiting", "timeout: no answer within 60 s", "https://sets.example.org/tracklist/2"),
    ("succeeded", "", "https://sets.example.org/tracklist/3"),
)


def drawn(
    shown: dict[str, Any], width: int, *, height: int = 24, failed: LastFailures = FAILED, **more: Any
) -> list[str]:
    lines = panel(shown, width=width, height=height, now=NOW, failures=failed, **more)  # type: ignore[arg-type]
    assert len(lines) <= height
    assert all(line.cell_len <= width for line in lines), [line.plain for line in lines]
    return [line.plain for line in lines]


def test_at_80_columns() -> None:
    head, *lines = drawn(status(), 80)
    assert lines == [
        "  slow.example.net   80 open  1 in 8 s  rests until 08:30:00: blocked: captcha",
        "  sets.example.org  200 open  1 in 2 s of 1/s",
        "  127.0.0.1:8080      7 open  no ceiling",
        "  timeout: no answer within 60 s (is tried again): https://sets.example.org/tra…",
        "  gone: 404: https://sets.example.org/tracklist/1",
    ]
    assert head.startswith("running  ━━━")
    assert head.endswith("─  113/400  27/min  3 dead  ETA 40:00-1:00:00")
    assert cell_len(head) == 80


def test_at_40_columns_what_matters_stays() -> None:
    lines = drawn(status(), 40)
    assert lines[0].startswith("running  ")
    assert "113/400" in lines[0]
    assert lines[1:3] == [
        "  slow.example.net  rests until 08:30:0…",
        "  sets.example.org  200 open  1 in 2 s…",
    ]
    assert len(lines) == 6


@pytest.mark.parametrize("width", [1, 2, 7, 8, 12, 20, 33, 40, 57, 80, 120, 300])
def test_no_line_is_wider_than_the_terminal_whatever_it_says(width: int) -> None:
    wide = "世界のセット" * 20
    domains = {f"xn--{n}-{HOSTILE}{wide}.example": {"open": n, "max_rate": 1.0} for n in range(1, 5)}
    shown = status(domains=domains, trouble=f"no {HOSTILE}{wide}", workers_waiting=3)
    failed = failures(("dead", f"{HOSTILE}{wide}", f"https://x.example/{wide}{HOSTILE}"))
    for line in drawn(shown, width, failed=failed):
        assert line.isprintable(), ascii(line)


def test_a_low_terminal_shows_the_head_and_the_last_errors_first() -> None:
    assert len(drawn(status(), 80, height=1)) == 1
    lines = drawn(status(), 80, height=4)
    assert lines[0].startswith("running")
    assert lines[1] == "  3 more domains  287 open"
    assert "timeout" in lines[2]


def test_many_domains_are_counted_and_the_slowest_are_named() -> None:
    domains = {f"d{n}.example.org": {"open": n, "max_rate": 1.0, "rate": 1.0} for n in range(1, 51)}
    lines = drawn(status(domains=domains, n_domains=900), 80)
    assert lines[1].split() == ["d50.example.org", "50", "open", "1/s"]
    assert lines[8].startswith("  893 more domains  ")


def test_a_bar_is_full_only_at_the_end() -> None:
    counts = {
        **dict.fromkeys(("waiting", "leased", "dead", "skipped", "cancelled"), 0),
        "queued": 1,
        "succeeded": 9_999,
    }
    assert "─" in drawn(status(counts=counts, total=10_000), 80)[0]
    ended = drawn(
        status(state="completed", counts={**counts, "queued": 0, "succeeded": 10_000}, total=10_000), 80
    )
    assert "─" not in ended[0]
    assert "ETA" not in ended[0]
    assert not [line for line in ended if " open" in line]


def test_a_terminal_without_these_characters_gets_others() -> None:
    assert drawn(status(), 80, is_ascii=True)[0].isascii()


def test_a_domain_says_why_it_does_nothing() -> None:
    domains: dict[str, Any] = {
        "a.test": {"open": 1, "max_rate": 1.0, "rate": 1.0, "state": "paused"},
        "b.test": {"open": 1, "max_rate": 2.0, "rate": 2.0, "state": "parked", "reason": "blocked 4 times"},
        "c.test": {"open": 1, "max_rate": 1 / 3_600, "slow_because": "robots.txt asks for 1 fetch an hour"},
        "d.test": {"open": 1},
    }  # fmt: skip
    lines = drawn(status(domains=domains), 80, failed=LastFailures())[1:]
    assert lines == [
        "  c.test  1 open  1 in 60 minutes  robots.txt asks for 1 fetch an hour",
        "  a.test  1 open  1/s  paused",
        "  b.test  1 open  2/s  parked: blocked 4 times",
        "  d.test  1 open",
    ]


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({}, "40:00-1:00:00"),
        ({"estimated_between": [None, NOW + 60]}, "1:00"),
        ({"estimated_between": [NOW + 60, NOW + 60]}, "1:00"),
        ({"estimated_between": None}, "50:00"),
        ({"estimated_between": [NOW - 5, NOW + 1e300]}, "0:00-more than a year"),
        (
            {"estimated_between": None, "estimated_completion": None, "estimate_missing": "no-page-yet"},
            "? (no page has come back yet)",
        ),
        ({"estimated_between": None, "estimated_completion": None}, "?"),
    ],
)
def test_the_end_is_a_range_or_says_why_it_is_not_known(values: dict[str, Any], text: str) -> None:
    assert eta_text(status(**values), NOW) == text  # type: ignore[arg-type]


def test_the_last_failures_are_the_newest_three_each_once() -> None:
    found = LastFailures()
    for n in range(9):
        found.note({"items": [{"item_id": str(n % 5), "state": "dead", "reason": f"r{n}", "url": "u"}]})
    assert found.lines == ["r8: u", "r7: u", "r6: u"]
    found.note({"items": [{"item_id": "3", "state": "succeeded", "reason": None, "url": "u"}]})
    assert found.lines == ["r7: u", "r6: u"], "what succeeded at last is no failure"
    found.note({})
    assert len(found.lines) == 2


def test_a_cut_text_counts_cells() -> None:
    assert fit("世界の", 6) == "世界の"
    assert fit("世界のセ", 6) == "世界…"
    assert fit("abc", 0) == ""


# -- on a terminal ---------------------------------------------------------------------------------------


def rendered(width: int, **more: Any) -> str:
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=width, height=20, color_system="standard", **more)
    before = sys.stderr
    bar = Bar(0, 400, console)
    bar.show(status())  # type: ignore[arg-type]
    bar.close()
    sys.stderr = before
    return out.getvalue()


def test_the_bar_draws_the_panel_and_says_a_rest_above_it_once(capsys: pytest.CaptureFixture[str]) -> None:
    text = rendered(80)
    assert "113/400" in text
    assert text.count("slow.example.net rests until 08:30:00 (blocked: captcha)") == 1
    assert "\x1b[32m" in text, "a colour"


def test_no_color_is_obeyed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    text = rendered(80)
    assert "113/400" in text
    assert "\x1b[3" not in text.replace("\x1b[3F", "")
    assert "\x1b[9" not in text


@pytest.mark.parametrize(("terminal", "kind"), [("xterm-256color", Bar), ("dumb", Lines), ("unknown", Lines)])
def test_a_dumb_terminal_gets_lines_without_escape_codes(
    monkeypatch: pytest.MonkeyPatch, terminal: str, kind: type[Bar | Lines]
) -> None:
    monkeypatch.setenv("TERM", terminal)
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w") as stream, monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", stream)
        shown = display()
        assert isinstance(shown, kind)
        shown.show(status())  # type: ignore[arg-type]
        shown.close()
        stream.flush()
        os.set_blocking(ours, False)
        text = ""
        with suppress(BlockingIOError):
            while chunk := os.read(ours, 100_000):
                text += chunk.decode()
    os.close(ours)
    assert ("\x1b" in text) is (kind is Bar)
    assert "113/400" in text


def test_a_log_has_one_line_with_the_range_and_the_last_failure(capsys: pytest.CaptureFixture[str]) -> None:
    lines = Lines()
    shown = status(items=[{"item_id": "1", "state": "dead", "reason": HOSTILE, "url": "https://x.example/1"}])
    lines.show(shown)  # type: ignore[arg-type]
    lines.show(shown)  # type: ignore[arg-type]
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(
        "running 113/400, 27/min, 2 workers, ETA 40:00-1:00:00, 3 dead; 2 retries; blocks: "
    )
    assert line.endswith("last: a?[2J? b?c?1m d: https://x.example/1")
    assert line.isprintable()
