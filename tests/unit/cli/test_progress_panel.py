"""The live panel as it is drawn: at 80 and at 40 columns, in a low terminal, without colours, with hostile and wide text."""

from __future__ import annotations

import io
import os
import pty
import re
import sys
from contextlib import suppress
from typing import Any

import pytest
from rich.cells import cell_len
from rich.console import Console

from tlray.cli import progress
from tlray.cli.progress import Bar, Lines, display
from tlray.cli.progress_panel import fit, fit_url, panel
from tlray.cli.progress_text import LastFailures, eta_text

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
        "estimated_between": [NOW + 2_400, NOW + 3_600], "estimate_missing": None, "estimate_waits_on": "sets.example.org",
        "domains": domains, "n_domains": 3,
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
        "  sets.example.org  200 open  30/min of 60/min",
        "  slow.example.net   80 open  1 every 8 s  rests until 08:30:00: blocked: captc…",
        "  127.0.0.1:8080      7 open  no ceiling",
        "  retry  timeout: no answer within 60 s: https://sets.example.org/tracklist/2",
        "  dead   gone: 404: https://sets.example.org/tracklist/1",
    ]
    assert head.startswith("running  ━━━")
    assert head.endswith("─  113/400  27/min  3 dead  ETA 40-60 min (sets.example.org)")
    assert cell_len(head) == 80


def test_a_wide_terminal_shows_pages_in_flight_and_tracks() -> None:
    lines = drawn(status(tracks=2_310), 140)
    assert lines[0].endswith(
        "─  113/400  27/min  1 in flight  2,310 tracks  3 dead  ETA 40-60 min (sets.example.org)"
    )
    assert lines[1] == "  sets.example.org  200 open   1 in flight  30/min of 60/min"
    assert lines[2].endswith("rests until 08:30:00: blocked: captcha")


def test_at_40_columns_what_matters_stays() -> None:
    lines = drawn(status(), 40)
    assert lines[0] == "running  ━──────  113/400  ETA 40-60 min"
    assert lines[1:3] == [
        "  sets.example.org  200 open  30/min of…",
        "  slow.example.net  rests until 08:30:0…",
    ]
    assert len(lines) == 6


@pytest.mark.parametrize(
    ("width", "head"),
    [
        (7, "running"),
        (16, "running  113/400"),
        (20, "running  113/400"),
        (31, "running  113/400  ETA 40-60 min"),
    ],
)
def test_figures_come_before_the_bar(width: int, head: str) -> None:
    assert drawn(status(), width)[0] == head


def test_at_20_columns_names_and_numbers_stay() -> None:
    assert drawn(status(), 20) == [
        "running  113/400",
        "  sets.example…  200",
        "  slow.example…   80",
        "  127.0.0.1:80…    7",
        "  retry  timeout: n…",
        "  dead   gone: 404",
    ]


def test_the_reason_of_a_missing_end_is_said_where_it_has_room() -> None:
    missing = {"estimated_between": None, "estimated_completion": None}
    long = "sets.of-a-very-long-name.example.org"
    paused = status(**missing, estimate_missing="paused-domain", estimate_waits_on=long)
    assert drawn(paused, 120)[0].endswith(f"ETA ? ({long} is paused by an admin)")
    head, why, *_ = drawn(paused, 80)
    assert head.endswith("3 dead  ETA ?")
    assert why.startswith(f"  no ETA yet: {long} is paused by an admi")
    head, why, *_ = drawn(status(**missing, estimate_missing="no-page-yet"), 40)
    assert "ETA ?" in head
    assert why == "  no ETA yet: no page has come back yet"
    head, domain, *_ = drawn(status(**missing), 40)  # of a service that names no reason
    assert "ETA ?" in head
    assert " open " in domain


@pytest.mark.parametrize(
    ("values", "note"),
    [
        ({"state": "paused"}, "  1 page in flight still finishes, nothing new begins"),
        ({"state": "scheduled", "starts_at": NOW + 3_600}, "  starts at 2027-01-15 09:00"),
        ({"trouble": "the disk of\n/data is full"}, "  nothing goes on: the disk of /data is full"),
        (
            {"last_known": {"at": NOW - 65, "age_s": 65.2}},
            "  the coordinator does not answer: this is 1 min 5 s old",
        ),
        ({"workers_waiting": 2}, "  2 wait for a CPU (`ray status`)"),
    ],
)
def test_what_holds_a_batch_up_is_a_line(values: dict[str, Any], note: str) -> None:
    head, said, *_ = drawn(status(**values), 80)
    assert said == note
    if values.get("state", "running") != "running":
        assert "ETA" not in head
        assert "/min" not in head


def test_a_cancelled_item_is_not_done() -> None:
    counts = dict.fromkeys(("queued", "waiting", "leased", "dead", "skipped"), 0)
    cancelled = status(state="cancelled", counts={**counts, "succeeded": 100, "cancelled": 300})
    (head,) = drawn(cancelled, 80, failed=LastFailures())
    assert head.endswith("  100/400  300 cancelled")
    assert head.count("━") < head.count("─")
    assert drawn(cancelled, 80)[1:] == ["  dead   gone: 404: https://sets.example.org/tracklist/1"], (
        "nothing is tried again"
    )


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
    assert lines[1].split() == ["d50.example.org", "50", "open", "60/min"]
    assert lines[8].startswith("  893 more domains  ")
    assert (
        drawn(status(domains=domains, n_domains=9, estimate_waits_on="d3.example.org"), 80)[1].split()[0]
        == "d3.example.org"
    )


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
        "b.test": {"open": 1, "max_rate": 2.0, "rate": 2.0, "state": "parked", "reason": "parked: blocked 4 times"},
        "c.test": {"open": 1, "max_rate": 1 / 3_600, "slow_because": "robots.txt asks for 1 fetch an hour"},
        "d.test": {"open": 1},
    }  # fmt: skip
    lines = drawn(status(domains=domains), 80, failed=LastFailures())[1:]
    assert lines == [
        "  c.test  1 open  1 every 1 h  robots.txt asks for 1 fetch an hour",
        "  a.test  1 open  60/min  paused by an admin",
        "  b.test  1 open  2/s  was given up: blocked 4 times",
        "  d.test  1 open",
    ]


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({}, "40-60 min"),
        ({"estimated_between": [None, NOW + 60]}, "60 s"),
        ({"estimated_between": [NOW + 60, NOW + 60]}, "60 s"),
        ({"estimated_between": [NOW + 59.6, NOW + 600.5]}, "11 min"),
        ({"estimated_between": [NOW + 60, NOW + 600.5]}, "1-11 min"),
        ({"estimated_between": [NOW + 0.5, NOW + 9.5]}, "10 s"),
        ({"estimated_between": [NOW + 5, NOW + 9.5]}, "5-10 s"),
        ({"estimated_between": [NOW + 3_700, NOW + 7_201]}, "61 min-2 h 01 min"),
        ({"estimated_between": None}, "50 min"),
        ({"estimated_between": [NOW - 5, NOW + 1e300]}, "more than a year"),
        ({"estimated_between": [NOW - 5, NOW - 1]}, "soon"),
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
    assert [str(one) for one in found.newest] == ["r8: u", "r7: u", "r6: u"]
    found.note({"items": [{"item_id": "3", "state": "succeeded", "reason": None, "url": "u"}]})
    assert [str(one) for one in found.newest] == ["r7: u", "r6: u"], "what succeeded at last is no failure"
    found.note({})
    assert len(found.newest) == 2


def test_a_cut_text_counts_cells() -> None:
    assert fit("世界の", 6) == "世界の"
    assert fit("世界のセ", 6) == "世界…"
    assert fit("abc", 0) == ""


@pytest.mark.parametrize(
    ("width", "shown"),
    [
        (40, "sets.example.org/tracklist/1pn8l919.html"),
        (36, "sets.example.org/…list/1pn8l919.html"),
        (26, "sets.example.org/…919.html"),
        (20, "sets.example.org/tr…"),
        (5, "sets…"),
    ],
)
def test_a_url_is_cut_behind_its_host_and_its_end_stays(width: int, shown: str) -> None:
    assert fit_url("https://sets.example.org/tracklist/1pn8l919.html", width) == shown
    assert cell_len(fit_url("https://x.org/" + "世" * 30, width)) <= width


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
        "running 113/400, 27/min, 2 workers, ETA 40-60 min (sets.example.org decides); 3 dead, 2 retries; blocks: "
    )
    assert line.endswith(
        "; left: sets.example.org 200, slow.example.net 80, 127.0.0.1:8080 7; last failure: a?[2J? b?c?1m d: https://x.example/1"
    )
    assert line.isprintable()


def test_a_log_says_a_failure_once_and_how_many_domains_there_are(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = NOW
    monkeypatch.setattr(progress.time, "time", lambda: now)
    lines = Lines()
    domains = {f"d{n}.test": {"open": 1, "blocks": 0} for n in range(50)}
    items = [{"item_id": "1", "state": "dead", "reason": "gone: 404", "url": "https://x.example/1"}]
    for told in ({"items": items}, {}, {"trouble": "the disk is full"}):
        lines.show(status(domains=domains, n_domains=200, estimate_waits_on="d7.test", **told))  # type: ignore[arg-type]
        now += 5
    first, second, third = capsys.readouterr().err.splitlines()
    assert first.endswith(
        "; left: d7.test 1, d0.test 1, d1.test 1, 284 at 197 more; last failure: gone: 404: https://x.example/1"
    )
    assert second.endswith("; left: d7.test 1, d0.test 1, d1.test 1, 284 at 197 more")
    assert "; nothing goes on: the disk is full; " in third


def test_a_lost_connection_is_said_until_the_next_snapshot(capsys: pytest.CaptureFixture[str]) -> None:
    lines = Lines()
    lines.show(status())  # type: ignore[arg-type]
    lines.lost("no service answers (connection refused)")
    lines.lost("no service answers (connection refused)")
    lines.show(status())  # type: ignore[arg-type]
    _, lost, again, told = capsys.readouterr().err.splitlines()
    assert (lost, again) == ("no connection: no service answers (connection refused)", "connected again")
    assert told.startswith("running 113/400")

    out = io.StringIO()
    bar = Bar(console=Console(file=out, force_terminal=True, width=80, height=20))
    bar.show(status())  # type: ignore[arg-type]
    bar.lost("no service answers (connection refused)")
    before = rendering(bar)
    bar.show(status())  # type: ignore[arg-type]
    after = rendering(bar)
    bar.close()
    assert re.fullmatch(
        r"  no connection since \d\d:\d\d:\d\d, this is from then: no service answers \(connecti…", before[1]
    )
    assert "ETA" not in before[0], "a time that goes on although nothing is known"
    assert "connection" not in " ".join(after)
    assert "ETA" in after[0]


def rendering(bar: Bar) -> list[str]:
    console = Console(file=io.StringIO(), width=80, height=20)
    console.print(bar)
    return console.file.getvalue().splitlines()  # type: ignore[attr-defined, no-any-return]


def test_rests_are_said_once_though_others_come_and_go(capsys: pytest.CaptureFixture[str]) -> None:
    """200 domains that rest, each soon the one with the most open items: no line is repeated, and short rests are none."""
    out = io.StringIO()
    bar = Bar(console=Console(file=out, force_terminal=True, width=80, height=20))
    for turn in range(20):
        rests = {f"d{n}.test": {"open": 1 + (n + turn) % 7, "cooling_until": NOW + 1_800 + turn / 10, "reason": "blocked"}
                 for n in range(turn, 4 + turn)}  # fmt: skip
        short = {"short.test": {"open": 9, "cooling_until": NOW + 20 + turn, "reason": "throttled: 429"}}
        parked = {"p.test": "parked: blocked 5 times in a row"}
        bar.show(status(domains={**rests, **short}, parked=parked, n_domains=200))  # type: ignore[arg-type]
    bar.close()
    said = [line for line in out.getvalue().splitlines() if "rests until" in line and "(blocked)" in line]
    assert len(said) == len(set(said)) == 2 + 19
    assert out.getvalue().count("2 more rest") == 1
    assert out.getvalue().count("p.test was given up: blocked 5 times in a row") == 1
    assert "short.test rests until" not in out.getvalue()


def test_a_terminal_that_becomes_narrower_keeps_nothing_of_what_it_wrapped() -> None:
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=120, height=20)
    bar = Bar(console=console)
    bar._live._refresh_thread.stop()  # type: ignore[union-attr]  # drawn here alone
    bar.show(status())  # type: ignore[arg-type]
    bar._live.refresh()
    n_rows = {n: bar.n_rows(n) for n in (120, 60, 20)}
    assert n_rows == {120: 4, 60: 6, 20: 17}

    def ups() -> int:
        before = len(out.getvalue())
        bar._live.refresh()
        return out.getvalue()[before:].count("\x1b[1A")

    console.width = 60
    assert [ups(), ups()] == [6 - 1, 4 - 1], "all rows are erased that the terminal shows"
    bar.close()
