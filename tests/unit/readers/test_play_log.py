"""From the clock of a log to cues, or to the word why not."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tlray.readers.clock_times import Clock, clock_of, day_of, epoch_moment, local_moment, packed_day, zone_of
from tlray.readers.play_log import CLOCK_TIMES, Play, moments_of, roll_over, set_times
from tlray.sites.fields import make_track

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)


def log(*seconds: float | None, lasted: float | None = 300.0, is_exact: bool = True) -> list[Play]:
    return [
        Play(
            make_track(i, "A", f"T{i}"), None if s is None else NOON + timedelta(seconds=s), is_exact, lasted
        )
        for i, s in enumerate(seconds, 1)
    ]


@pytest.mark.parametrize(
    ("plays", "cues"),
    [
        (log(0, 280, 600), [0.0, 280.0, 600.0]),
        (log(0, 899), [0.0, 899.0]),
        (log(5, 5), [0.0, 0.0]),  # two decks at once
        (log(7), [0.0]),
        (log(0, 899, lasted=None), [0.0, 899.0]),  # as if the first lasted five minutes
        (log(0, 900), None),  # a sound check before the set
        (log(0, 900, lasted=None), None),
        (log(0, 280, None), None),  # a row without a time
        (log(0, 280, 279), None),  # a clock that was set back
        (log(0, 60, 120, is_exact=False), None),  # to the minute
        (log(0, 280, 172_800), [0.0, 280.0, 172_800.0]),
        (log(0, 280, 172_801), None),  # the logs of several nights
    ],
)
def test_cues_only_where_the_clock_gives_them(plays: list[Play], cues: list[float] | None) -> None:
    assert set_times(plays) == ([] if cues else [CLOCK_TIMES])
    assert [p.track.cue_s for p in plays] == (cues or [None] * len(plays))
    assert {p.track.cue_precision for p in plays} == {"logged" if cues else "unknown"}
    assert [p.track.played_at for p in plays] == [p.at for p in plays]


def test_a_list_without_any_time_is_nothing_to_complain_of() -> None:
    assert set_times(log(None, None)) == []


def test_midnight_passes_as_often_as_the_clock_falls() -> None:
    clocks = [Clock(h * 3600, True) for h in (22, 23, 1, 13, 23, 0)]
    moments = moments_of(clocks, date(2024, 12, 31), None)
    assert [m and (m.year, m.day, m.hour) for m in moments] == [
        (2024, 31, 22), (2024, 31, 23), (2025, 1, 1), (2025, 1, 13), (2025, 1, 23), (2025, 2, 0),
    ]  # fmt: skip
    assert moments_of([Clock(1, True), None], None, None) == [None, None]


@given(st.lists(st.none() | st.integers(0, 86_399), max_size=30))
def test_rolled_times_never_fall_by_half_a_day(seconds: list[int | None]) -> None:
    rolled = [m for m in roll_over(None if s is None else NOON + timedelta(seconds=s) for s in seconds) if m]
    assert all(b - a >= -timedelta(hours=12) for a, b in pairwise(rolled))


def test_a_local_time_is_of_its_zone_or_as_if_it_were_utc() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    assert local_moment(date(2024, 7, 1), 3600, berlin) == datetime(2024, 6, 30, 23, tzinfo=UTC)
    assert local_moment(date(2024, 7, 1), 3600, None) == datetime(2024, 7, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "clock"),
    [
        ("21:39", (77_940, False)),
        ("8:52:29 PM", (75_149, True)),
        ("12:00:01 am", (1, True)),
        ("12:30 p.m.", (45_000, False)),
        ("2018-02-04 20:52:29", (75_149, True)),
        ("4.2.2018 20:52:29", (75_149, True)),
        ("20.52.29", (75_149, True)),
        ("20h52", (75_120, False)),
        ("8:52:29\u202fPM", (75_149, True)),
        ("15:04:05 PM", (54_245, True)),
        ("00:00:00.500", (0, True)),
        ("25:00", None),
        ("10:61", None),
        ("", None),
        ("soon", None),
        ("1:2:3:4", None),
        ("04.02.2018", None),
    ],
)
def test_times_of_day_as_machines_write_them(text: str, clock: tuple[int, bool] | None) -> None:
    assert clock_of(text) == clock


def test_packed_days_and_epochs_within_reason() -> None:
    assert packed_day(132319762) == date(2019, 10, 18)
    assert [packed_day(n) for n in (0, 1, -5, 132319776, 2**40)] == [None] * 5
    assert epoch_moment(1674884385) == datetime(2023, 1, 28, 5, 39, 45, tzinfo=UTC)
    assert epoch_moment(1674884385123) == datetime(2023, 1, 28, 5, 39, 45, 123000, tzinfo=UTC)
    assert [epoch_moment(n) for n in (0, -1, 1e30, float("inf"), float("nan"))] == [None] * 5
    assert day_of("history_2022y07m17d_20h06m38s") == (date(2022, 7, 17), None)
    assert day_of("2021-13-40")[0] is None
    assert [day_of(text)[0] for text in ("17 Mar 2022", "March 17th, 2022", "17. march 2022", "17 Foo 2022")] == [
        date(2022, 3, 17), date(2022, 3, 17), date(2022, 3, 17), None,
    ]  # fmt: skip
    assert [str(zone_of(f"20:10:29 {name}")) for name in ("GMT-4", "UTC+05:30", "GMT", "EST", "GMT+99")] == [
        "UTC-04:00", "UTC+05:30", "UTC", "None", "None",
    ]  # fmt: skip
