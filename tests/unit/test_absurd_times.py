"""Moments and durations that no one can mean are refused wherever they can be said: one line, no traceback, nothing stored."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import httpx
import pytest
from alone import service
from hypothesis import given
from hypothesis import strategies as st

import tlray
from tlray.cli import run
from tlray.cli.batch_text import batch_line
from tlray.cli.service_status import letter_text
from tlray.core.model.durations import LONGEST_S
from tlray.core.politeness.rate_text import parse_rate
from tlray.core.politeness.requested_policy import read_tables
from tlray.errors import BadOption, UsageError
from tlray.io.disk.local_time import local_minute, utc_second
from tlray.scrape_options import ScrapeOptions
from tlray.settings import read_settings

URL = "http://127.0.0.1/x"
RECEIPT = {
    "batch_id": "b", "state": "running", "total": 1, "duplicates": 0, "n_rejected": 0, "rejected": [],
    "duplicate_lines": [], "estimated_completion": None,
}  # fmt: skip
FAR = [
    "-1",
    "1e11",
    "1e12",
    "1e24",
    "1" + "0" * 24,
    "1" + "0" * 400,
    "1" + "0" * 5_000,
    "NaN",
    "Infinity",
    "1e999",
]
NO_MOMENTS = [
    "0001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "1969-12-31T23:59:59Z", "9999-12-31T23:59:59Z",
    "9999-12-31T23:59:59-14:00", "10000-01-01T00:00:00Z", "2026-13-01T00:00:00Z", "-0001-01-01T00:00:00Z",
]  # fmt: skip
PLACES = {
    "not_before": '"not_before": %s',
    "fresh_for": '"options": {"fresh_for": %s}',
    "retry": '"options": {"retry": {"timeout": {"base": %s}}}',
    "snooze": '"options": {"domains": {"a.test": {"max_snooze": %s}}}',
    "cool_down": '"options": {"domains": {"a.test": {"block_cool_down": %s}}}',
    "rate": '"options": {"rates": {"a.test": "1/%ss"}}',
}


@pytest.fixture(scope="module")
def http(tmp_path_factory: pytest.TempPathFactory) -> httpx.AsyncClient:
    """One for all: what an app makes of its routes at its first request takes as long as many requests."""
    return service(
        tmp_path_factory.mktemp("home"),
        {"submit": RECEIPT},
        contact="you@example.org",
        allow_private_hosts="127.0.0.0/8",
    )


async def answer(http: httpx.AsyncClient, said: str) -> httpx.Response:
    body = f'{{"urls": ["{URL}"], {said}}}'
    return await http.post("/api/v1/batch", content=body, headers={"Content-Type": "application/json"})


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("value", FAR)
async def test_the_api_refuses_far_times(http: httpx.AsyncClient, place: str, value: str) -> None:
    told = await answer(http, PLACES[place] % value)
    assert told.status_code in (400, 422), told.text
    assert told.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("moment", NO_MOMENTS)
async def test_the_api_refuses_days_that_nobody_means(http: httpx.AsyncClient, moment: str) -> None:
    told = await answer(http, PLACES["not_before"] % json.dumps(moment))
    assert told.status_code == 422, told.text
    assert told.json()["errors"][0]["where"] == "body.not_before"


async def test_what_can_be_meant_is_taken(http: httpx.AsyncClient) -> None:
    for place, value in (
        ("fresh_for", "86400"),
        ("retry", "1.5"),
        ("snooze", '"366d"'),
        ("rate", "60"),
        ("not_before", "0"),
    ):
        assert (await answer(http, PLACES[place] % value)).status_code == 202, place


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["submit", URL, "--not-before", "0001-01-01T00:00"], "--not-before '0001-01-01T00:00' is no moment"),
        (["submit", URL, "--not-before", "9999-12-31T23:59:59.999"], None),
        (["submit", URL, "--not-before", "1" + "0" * 24], "is no moment"),
        (["scrape", URL, "--max-wait", "1" + "0" * 24], "is more than 366d"),
        (["scrape", URL, "--max-wait", "9" * 5_000 + "d"], "is more than 366d"),
        (["scrape", URL, "--max-wait", "-1"], "is no duration"),
        (["scrape", URL, "--fresh-for", "9" * 400 + "d"], "is more than 366d"),
        (["scrape", URL, "--fresh-for", "nan"], "is no duration"),
        (["scrape", URL, "--rate", "a.test=1/" + "9" * 24 + "s"], "below one fetch in 366 days"),
        (["scrape", URL, "--rate", "a.test=1/s:" + "9" * 400], "burst"),
        (["scrape", URL, "--concurrency", "a.test=²"], "is no whole number"),
        (["scrape", URL, "--concurrency", "a.test=" + "9" * 5_000], "is no whole number"),
        (["scrape", URL, "--max-attempts", "9" * 5_000], "is no whole number"),
        (["retry", "b", "--item", "9" * 30], "less than or equal"),
    ],
)
def test_the_command_line_refuses_them_in_one_line(
    arguments: list[str],
    says: str | None,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TLRAY_HOME", str(tmp_path / "home"))
    url = ["--url", "http://127.0.0.1:9"] if arguments[0] == "submit" else []
    assert run([*arguments, *url]) == (
        4 if says is None else 2
    )  # the last day of all is the service's to refuse
    err = capsys.readouterr().err
    assert (says or "no service answers") in err
    assert "Traceback" not in err
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize(
    "value", [math.nan, math.inf, -1.0, 1e24, 10**400, 10**5_000, LONGEST_S * 2], ids=map(str, range(7))
)
def test_python_refuses_them(value: Any, tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        ScrapeOptions(fresh_for=value).checked()
    with pytest.raises(BadOption, match="at most 366d"):
        read_tables({"retry": {"timeout": {"cap": value}}}, of="scrape()")
    if not value > 0:
        with pytest.raises(UsageError, match="max_wait_s"):
            tlray.scrape([URL], home=tmp_path / "home", max_wait_s=value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "name", ["idle_end_s", "block_cool_down_s", "lease_s", "fetch_timeout_s", "max_requests_per_s"]
)
@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "1e999"])
def test_settings_refuse_them(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"TLRAY_{name.upper()}", value)
    with pytest.raises(UsageError, match=f"TLRAY_{name.upper()}"):
        read_settings()


@given(st.floats() | st.integers())
def test_a_moment_is_shown_or_is_none(at: float) -> None:
    assert local_minute(at)
    assert utc_second(at)
    row = {
        "batch_id": "b",
        "created_at": at,
        "state": "running",
        "counts": {},
        "total": 1,
        "tracks": 0,
        "name": "",
    }
    assert batch_line(row).startswith("b  ")
    tried = {"attempt": 1, "at": at, "latency_s": None, "kind": "timeout", "reason": None, "status": None}
    letter = {
        "n_lost": 0,
        "reason": "r",
        "attempt": 1,
        "line": 1,
        "item_id": "1",
        "url": URL,
        "attempts": [tried],
    }
    assert "attempt 1" in letter_text(letter)


@given(st.from_regex(r"\A\d{1,30}(\.\d{1,9})?(/\d{0,30}(s|m|min|h)?(:\d{1,30})?)?\Z"))
def test_a_rate_has_bounds(text: str) -> None:
    try:
        rate, burst = parse_rate(text)
    except ValueError:
        return
    assert 1 / LONGEST_S <= rate <= 10_000
    assert 1 <= burst <= 10_000
