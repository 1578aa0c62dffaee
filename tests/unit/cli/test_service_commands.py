"""The commands against a service: what they take, and what they say; nobody is asked here."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

from tlray.cli import run
from tlray.cli.batch_text import batch_line
from tlray.cli.service_status import letter_text, status_text
from tlray.cli.submit import SendingLines, variables
from tlray.cli.watch import result_of
from tlray.errors import ServiceRefuses

NOW = 1_800_000_000.0
NOWHERE = "http://127.0.0.1:9"


@pytest.fixture(autouse=True)
def no_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TLRAY_TOKEN", raising=False)


def snapshot(**values: Any) -> dict[str, Any]:
    counts = {"queued": 2, "waiting": 0, "leased": 1, "succeeded": 3, "dead": 1, "skipped": 0, "cancelled": 0}
    return {
        "batch_id": "B", "name": "mine", "state": "running", "total": 7, "counts": counts, "duplicates": 1, "n_rejected": 0,
        "tracks": 40, "retries": 2, "answered": 0, "rate_per_min": 12.4, "estimated_completion": NOW + 65, "elapsed_s": 3.0,
        "estimate_waits_on": "a.test", "trouble": None, "domains": {"a.test": {
            "open": 3, "in_flight": 1, "max_rate": 1 / 8, "cooling_until": NOW + 90, "reason": "blocked",
        }},
        **values,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["submit"], "no URL given; give URLs, a file with one URL a line"),
        (["submit", "http://x/1", "--template", "t"], "give URLs or --template, not both"),
        (["submit", "http://x/1", "--var", "a=1"], "--var gives a value to a --template"),
        (["submit", "--template", "t", "--var", "year"], "--var 'year' is not of the form NAME=VALUE"),
        (["submit", "http://x/1", "--rate", "x=fast"], "'fast'"),
        (["submit", "http://x/1", "--priority", "high"], "choose immediate, normal or low"),
        (["submit", "http://x/1", "--not-before", "soon"], "--not-before 'soon' is no moment"),
        (["submit", "http://x/1", "--max-wait", "long"], "--max-wait 'long' is no duration"),
        (["submit", "no-such-list.txt"], "no file 'no-such-list.txt' here"),
        (["submit", "ftp://x"], "no line is a URL that can be fetched: line 1, 'ftp://x'"),
        (["list", "--url", "x"], "--url 'x': give the address of a service"),
        (["list", "--url", NOWHERE, "--home", "h"], "--home and --url"),
        (["watch", "B", "--url", "ftp://x"], "--url 'ftp://x'"),
    ],
)
def test_wrong_usage_is_one_line_and_nobody_is_asked(
    capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    assert run(arguments) == 2
    err = capsys.readouterr().err
    assert said in err
    assert err.count("\n") == 1


def test_the_line_that_is_wrong_has_the_number_that_the_user_sees(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "l.txt").write_text("# mine\n\nftp://x\n")
    assert run(["submit", str(tmp_path / "l.txt")]) == 2
    assert "line 3, 'ftp://x'" in capsys.readouterr().err


def test_a_token_that_is_none_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TLRAY_TOKEN", "two words")
    assert run(["list", "--url", NOWHERE]) == 2
    assert "TLRAY_TOKEN is not a token" in capsys.readouterr().err


def test_values_of_a_template_are_one_several_or_a_range() -> None:
    given = ["year=2026", "set=a", "set = b=c", "page=1..50", "odd=1..x"]
    assert variables(given) == {
        "year": "2026",
        "set": ["a", "b=c"],
        "page": {"from": 1, "to": 50},
        "odd": "1..x",
    }


def test_a_status_is_told_by_domain() -> None:
    text = status_text(snapshot(), NOW)
    for words in (
        "B mine running: 4 of 7 items done, 40 tracks, 2 retries",
        "list: 1 duplicate, 0 rejected",
        "items: 2 queued, 1 leased, 3 succeeded, 1 dead",
        "12/min, ETA 65 s (a.test decides)",
        "a.test: 3 open, 1 in flight, 1 every 8 s, rests until",
        ": blocked",
    ):
        assert words in text
    assert "nothing goes on" not in text
    paused = {"a.test": {"open": 1, "state": "paused"}}
    missing = {"estimated_completion": None, "estimate_missing": "paused-domain"}
    told = snapshot(
        trouble="no CPU",
        domains=paused,
        counts={"succeeded": 0},
        n_domains=60,
        parked={"b.test": "parked: x"},
        **missing,
    )
    assert status_text(told, NOW).splitlines()[2:] == [
        "  items: none",
        "  12/min, ETA ? (a.test is paused by an admin)",
        "  nothing goes on: no CPU",
        "  a.test: 1 open, paused by an admin",
        "  59 more domains: 0 open",
        "  b.test was given up: x",
    ]
    paused_batch = status_text(snapshot(state="paused"), NOW)
    assert "ETA" not in paused_batch
    assert "1 page in flight still finishes, nothing new begins" in paused_batch


def test_a_batch_and_a_dead_letter_are_lines() -> None:
    row = {**snapshot(), "created_at": NOW, "owner": "ada"}
    assert batch_line(row).endswith("4/7 done       1 dead        40 tracks  mine  (ada)")
    tried = {
        "attempt": 1,
        "at": NOW,
        "kind": "timeout",
        "reason": "no answer",
        "status": None,
        "latency_s": 60.0,
    }
    letter = {
        "item_id": "17", "url": "http://x/1", "reason": "timeout", "attempt": 5, "n_lost": 0, "line": 3,
        "attempts": [tried, {**tried, "attempt": 2, "at": None, "kind": "lost", "latency_s": None}],
    }  # fmt: skip
    head, how, first, second = letter_text(letter).splitlines()
    assert (head, how) == ("17  http://x/1", "    timeout (attempt 5; line 3)")
    assert first.startswith("    attempt 1  20")
    assert first.endswith("Z  timeout no answer 60.00 s")
    assert second == "    attempt 2  not begun  lost no answer"
    assert "(attempt 5, 2 leases lost; line 3)" in letter_text({**letter, "n_lost": 2})


def test_the_last_snapshot_is_the_summary() -> None:
    told = result_of(snapshot(state="completed"), NOWHERE)
    assert (told.batch_id, told.state, told.succeeded, told.dead, told.n_rejected) == (
        "B",
        "completed",
        3,
        1,
        0,
    )
    with pytest.raises(ServiceRefuses, match="tells no 'batch_id' of the batch"):
        result_of({}, NOWHERE)


def test_sending_is_told_now_and_then_and_in_place_on_a_terminal() -> None:
    out, now = io.StringIO(), [0.0]
    lines = SendingLines(out=out, clock=lambda: now[0])
    for second in range(12):
        now[0] = float(second)
        lines.tell(second * 20_000, second)
    lines.close()
    assert out.getvalue().splitlines() == [
        "sent 100,000 lines in 5 pieces",
        "sent 200,000 lines in 10 pieces",
    ]

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    screen = Terminal()
    lines = SendingLines(out=screen, clock=lambda: 0.0)
    lines.tell(20_000, 1)
    lines.tell(40_000, 2)
    lines.close()
    assert screen.getvalue() == "\rsent 20,000 lines in 1 pieces\rsent 40,000 lines in 2 pieces\n"
