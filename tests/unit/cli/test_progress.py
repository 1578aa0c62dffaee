"""What a person is told of a batch's progress."""

from __future__ import annotations

import re
import sys
from typing import Any

import pytest

from tlray.cli import progress
from tlray.cli.progress import LINE_EVERY_S, Bar, Lines, display
from tlray.cli.progress_text import eta_text, trouble_text

NOW = 1_800_000_000.0


def told(**values: Any) -> dict[str, Any]:
    counts = {"queued": 4, "waiting": 0, "leased": 1, "succeeded": 3, "dead": 0, "skipped": 0, "cancelled": 0}
    return {
        "state": "running", "total": 8, "retries": 0, "rate_per_min": 12.4, "workers": 2, "domains": {},
        "estimated_completion": NOW + 65, **values, "counts": {**counts, **values.get("counts", {})},
    }  # fmt: skip


def resting(until: float, n_open: int = 1, **values: Any) -> dict[str, Any]:
    return {"open": n_open, "blocks": 0, "cooling_until": until, "reason": "blocked: captcha", **values}


@pytest.mark.parametrize(
    ("left_s", "text"),
    [
        (None, "?"),
        (-5.0, "soon"),  # late, but not yet done
        (0.4, "1 s"),
        (65.0, "65 s"),
        (100.0, "2 min"),
        (3_600.0, "60 min"),
        (2 * 3_600.0, "2 h"),
        (47 * 3_600.0 + 61, "1 d 23 h"),
        (50 * 3_600.0, "2 d 2 h"),
        (1e300, "more than a year"),  # a site may ask for it
    ],
)
def test_what_is_left_is_told_in_words(left_s: float | None, text: str) -> None:
    assert eta_text(told(estimated_completion=None if left_s is None else NOW + left_s), NOW) == text


def test_tasks_that_wait_for_a_cpu_are_told_apart(capsys: pytest.CaptureFixture[str]) -> None:
    for n, words in (
        (1, "0 workers, 1 waits for a CPU (`ray status`), ETA"),
        (3, "0 workers, 3 wait for a CPU"),
    ):
        Lines().show(told(workers=0, workers_waiting=n))
        assert words in capsys.readouterr().err
    Lines().show(told(workers=2, workers_waiting=0))
    assert "wait" not in capsys.readouterr().err


def lost(node_id: str, items: int, at: float = NOW) -> dict[str, Any]:
    return {"node_id": node_id, "address": "10.0.0.7", "items": items, "at": at}


@pytest.mark.parametrize("shown", [Bar, Lines])
def test_a_node_that_is_lost_is_told_at_once_and_once(
    shown: type[Bar | Lines], capsys: pytest.CaptureFixture[str]
) -> None:
    before, first, second = lost("aaaaaaaabb", 9, NOW - 900), lost("bbbbbbbbcc", 37), lost("ccccccccdd", 1)
    showing = shown()
    again = lost("bbbbbbbbcc", 37, NOW + 0.1)  # the moment is worked out anew and rounded for each snapshot
    for nodes in ([before], [before, first], [before, again], [first, second], [first, second]):
        showing.show(told(lost_nodes=nodes))
    showing.show(told(state="completed", lost_nodes=[]))
    showing.close()
    said = [line.strip() for line in capsys.readouterr().err.splitlines() if "is gone" in line]
    assert said == [
        "node 10.0.0.7 (bbbbbbbb) is gone: 37 items go back to the queue",
        "node 10.0.0.7 (cccccccc) is gone: 1 item goes back to the queue",
    ]


@pytest.mark.parametrize(
    ("what", "pattern"),
    [
        (told(), ""),
        (told(counts={"dead": 2, "skipped": 1}, retries=3), "2 dead, 1 skipped, 3 retries"),
        (told(counts={"cancelled": 2}, retries=1), "2 cancelled, 1 retry"),
        (told(domains={n: {"open": 1, "blocks": 2} for n in "abcd"}), "blocks: a 2, b 2, c 2"),
        (told(domains={"a": resting(NOW + 90)}), r"a rests until \d\d:\d\d:\d\d \(blocked: captcha\)"),
        (told(domains={"a": resting(NOW + 1e5)}), r"a rests until 2027-\d\d-\d\d \d\d:\d\d \(.*\)"),
        (told(domains={"a": resting(sys.float_info.max)}), r"a rests for more than a year \(.*\)"),
        (told(domains={"a": resting(NOW + 90, n_open=0)}), ""),  # nobody waits for it
        (told(domains={"a": resting(NOW + 0.5)}), ""),  # over before it is read
        (told(domains={n: resting(NOW + 90) for n in "abcd"}), "a rests .*; b rests .*; 2 more rest"),
    ],
)  # fmt: skip
def test_what_slows_a_batch_down_is_told(what: dict[str, Any], pattern: str) -> None:
    assert re.fullmatch(pattern, trouble_text(what, NOW))


def test_a_line_is_written_now_and_then_and_at_every_change_of_state(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = NOW
    monkeypatch.setattr(progress.time, "time", lambda: now)
    lines = display()
    assert isinstance(lines, Lines)  # no terminal here
    lines.show(told())
    now += LINE_EVERY_S - 0.1
    lines.show(told())
    lines.show(told(state="paused", retries=1))
    now += LINE_EVERY_S
    lines.show(told(state="paused"))
    lines.close()
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        "running 3/8, 12/min, 2 workers, ETA 65 s",
        "paused 3/8, 2 workers; 1 page in flight still finishes, nothing new begins; 1 retry",
        "paused 3/8, 2 workers; 1 page in flight still finishes, nothing new begins",
    ]


def test_a_bar_tells_of_a_rest_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(progress.time, "time", lambda: NOW)
    bar = Bar()
    for state in ("running", "running", "completed"):
        bar.show(told(state=state, domains={"a.test": resting(NOW + 90)}))
    bar.close()
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("a.test rests until") == 1
    assert "3/8" in err


def test_a_pace_that_robots_txt_asks_for_is_told_once() -> None:
    why = "robots.txt asks for 1 fetch a day"
    slow = {"open": 3, "blocks": 0, "slow_because": why}
    assert trouble_text(told(domains={"a.test": slow}), NOW) == f"a.test: {why}"
    assert trouble_text(told(domains={"a.test": {**slow, "open": 0}}), NOW) == ""
    waits = {**slow, "cooling_until": NOW + 90_000, "reason": why}
    assert trouble_text(told(domains={"a.test": waits}), NOW).count(why) == 1
    many = trouble_text(told(domains=dict.fromkeys("abcd", slow)), NOW)
    assert many == f"a: {why}; b: {why}; 2 more are as slow"


def test_the_bar_prints_a_line_for_what_it_waits_for(capsys: pytest.CaptureFixture[str]) -> None:
    slow = {"open": 3, "blocks": 0, "slow_because": "robots.txt asks for 1 fetch a day"}
    bar = Bar()
    for n_done_now in (3, 4):
        bar.show(told(domains={"a.test": slow}, counts={"succeeded": n_done_now}))
    bar.close()
    assert capsys.readouterr().err.count("robots.txt asks for 1 fetch a day") == 1
