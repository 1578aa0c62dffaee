"""A schedule runs at its moments, once each, whatever clocks, downtime and slow batches do."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tlray.core.schedules.cron import plain
from tlray.core.schedules.schedule import (
    LATE_S,
    CatchUp,
    Overlap,
    ScheduleState,
    Timing,
    check,
    decide,
    in_words,
    latest,
    next_runs,
    occurrences,
    zone_of,
)

DAY_S = 86_400.0


def at(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def local(moment: float, zone: str) -> str:
    return datetime.fromtimestamp(moment, ZoneInfo(zone)).isoformat()


@pytest.mark.parametrize(
    ("cron", "zone", "after", "runs"),
    [
        ("30 3 * * *", "UTC", "2026-11-24T03:30:00+00:00", ["2026-11-25T03:30:00+00:00", "2026-11-26T03:30:00+00:00"]),
        ("@weekly", "UTC", "2026-11-24T00:00:00+00:00", ["2026-11-29T00:00:00+00:00"]),
        ("0 9 * * MON-FRI", "Asia/Tokyo", "2026-11-27T12:00:00+09:00", ["2026-11-30T09:00:00+09:00"]),
        # clocks go forward: 02:30 of that day is not there; it runs at the hour's end, once, and the next day as ever
        (
            "30 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00+01:00",
            ["2026-03-29T03:00:00+02:00", "2026-03-30T02:30:00+02:00"],
        ),
        (
            "0,30 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00+01:00",
            ["2026-03-29T03:00:00+02:00", "2026-03-30T02:00:00+02:00"],
        ),
        (
            "30 2 * * *", "America/New_York", "2026-03-07T12:00:00-05:00",
            ["2026-03-08T03:00:00-04:00", "2026-03-09T02:30:00-04:00"],
        ),
        # … and a line with a * there runs in every hour that there is
        ("30 * * * *", "Europe/Berlin", "2026-03-29T01:00:00+01:00", ["2026-03-29T01:30:00+01:00", "2026-03-29T03:30:00+02:00"]),
        # clocks go back: 02:30 comes twice; a line that names it runs in the first
        (
            "30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00+02:00",
            ["2026-10-25T02:30:00+02:00", "2026-10-26T02:30:00+01:00"],
        ),
        (
            "30 1 * * *", "America/New_York", "2026-10-31T12:00:00-04:00",
            ["2026-11-01T01:30:00-04:00", "2026-11-02T01:30:00-05:00"],
        ),
        # … asked in the middle of the second, what was run in the first does not come again
        ("30 2 * * *", "Europe/Berlin", "2026-10-25T02:10:00+01:00", ["2026-10-26T02:30:00+01:00"]),
        (
            "30 * * * *", "Europe/Berlin", "2026-10-25T01:45:00+02:00",
            ["2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00", "2026-10-25T03:30:00+01:00"],
        ),
        # a zone that has its change at midnight, and one that is half an hour off
        ("0 0 * * *", "Africa/Cairo", "2026-04-23T12:00:00+02:00", ["2026-04-24T01:00:00+03:00", "2026-04-25T00:00:00+03:00"]),
        ("0 12 * * *", "Asia/Kolkata", "2026-11-24T13:00:00+05:30", ["2026-11-25T12:00:00+05:30"]),
        # a range of one number, with a step: once an hour
        ("3-3/2 * * * *", "UTC", "2026-11-24T00:00:00+00:00", ["2026-11-24T00:03:00+00:00", "2026-11-24T01:03:00+00:00"]),
        ("0 9 * nov Mon-Fri/2", "UTC", "2026-11-27T00:00:00+00:00", ["2026-11-27T09:00:00+00:00", "2026-11-30T09:00:00+00:00"]),
        # leap days
        ("0 0 29 2 *", "UTC", "2026-01-01T00:00:00+00:00", ["2028-02-29T00:00:00+00:00", "2032-02-29T00:00:00+00:00"]),
    ],
)  # fmt: skip
def test_runs_come_at_their_moments(cron: str, zone: str, after: str, runs: list[str]) -> None:
    timing = Timing(cron, zone)
    check(timing)
    found = next_runs(timing, after=at(after), n=len(runs))
    assert [local(moment, zone) for moment in found] == runs


@pytest.mark.parametrize(
    ("cron", "zone", "said"),
    [
        ("61 * * * *", "UTC", "cron '61 * * * *' has a bad minute"),
        ("* 24 * * *", "UTC", "a bad hour"),
        ("* * * * * *", "UTC", "has 6 fields; write five"),
        ("", "UTC", "has 0 fields"),
        ("@often", "UTC", "'@often' is no word of cron; use @hourly, @daily,"),
        ("@DAILY", "UTC", "in small letters"),
        ("@reboot", "UTC", "is no word of cron"),
        ("*/0 * * * *", "UTC", "a bad minute"),
        ("0 0 30 2 *", "UTC", "a bad day-of-month"),
        ("0 0 31 4,6 *", "UTC", "a bad day-of-month"),
        # other programs' words
        ("0 0 L * *", "UTC", "a bad day: 'L'; write *, 5, 1-5,"),
        ("0 0 LW * *", "UTC", "a bad day"),
        ("0 0 * * 5L", "UTC", "a bad weekday"),
        ("0 0 * * MON#1", "UTC", "a bad weekday: 'MON#1'"),
        ("1/7 * * * *", "UTC", "a bad minute: '1/7'; write *, 5, 1-5, */2 or 1-9/2"),
        ("? * * * *", "UTC", "a bad minute"),
        ("0 0 1,,2 * *", "UTC", "a bad day: ''"),
        ("0 0 * * FRI-MON", "UTC", "a bad day-of-week"),
        ("0 0 * MAI *", "UTC", "a bad month"),
        ("0 0 * * MONDAY", "UTC", "a bad weekday"),
        ("0 0 * * 5-FRI/2", "UTC", "a bad weekday"),
        ("\u0663 * * * *", "UTC", "a bad minute"),
        ("0 0 * * *", "Europe/Atlantis", "time zone 'Europe/Atlantis' is not known"),
        ("0 0 * * *", "../../etc/passwd", "is not known"),
        ("0 0 * * *", "Europe", "is not known"),
        ("0 0 * * *", "", "is not known"),
        # what lies beside the IANA's zones on some machines
        ("0 0 * * *", "localtime", "is not known"),
        ("0 0 * * *", "posixrules", "is not known"),
        ("0 0 * * *", "right/UTC", "is not known"),
        ("0 0 * * *", "Factory", "is not known"),
        ("0 0 * * *", "europe/berlin", "is not known"),
    ],
)
def test_what_is_no_schedule_is_told(cron: str, zone: str, said: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - its words are looked at
        check(Timing(cron, zone))
    assert said in str(caught.value)


LINES = st.sampled_from(
    ["* * * * *", "*/7 * * * *", "30 2 * * *", "0,30 1,2,3 * * *", "0 * * * *", "15 2 * * SUN", "0 0 1 * *"]
)
ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo"])
MOMENTS = st.integers(int(at("2026-01-01T00:00:00+00:00")), int(at("2027-01-01T00:00:00+00:00")))


@given(LINES, ZONES, MOMENTS)
def test_moments_grow_and_do_not_depend_on_when_they_are_asked_for(cron: str, zone: str, start: int) -> None:
    timing = Timing(cron, zone)
    found = next_runs(timing, after=float(start), n=8)
    assert all(a < b for a, b in pairwise([float(start), *found]))
    for index, moment in enumerate(found[:-1]):
        assert next_runs(timing, after=moment, n=1) == [found[index + 1]]
        assert latest(timing, since=float(start), now=found[index + 1] - 0.5) == moment


def test_a_zone_that_is_none_is_no_zone_of_a_schedule_that_is_kept_either() -> None:
    with pytest.raises(ValueError, match="is not known"):
        zone_of("Europe/Atlantis")


TERMS = st.sampled_from(["*", "*/7", "3", "1-5", "2-6/3", "4-4/2", "07"])


@given(st.lists(st.lists(TERMS, min_size=1, max_size=3).map(",".join), min_size=5, max_size=5).map(" ".join))
def test_a_plain_line_is_its_own_and_begins_with_a_star_where_the_line_does(line: str) -> None:
    found = plain(line)
    assert plain(found) == found
    for before, after in zip(line.split(), found.split(), strict=True):
        assert before.startswith("*") == after.startswith("*"), (
            "cron reads days and changes of the clock by that"
        )


def test_the_last_of_a_year_of_minutes_is_found_at_once() -> None:
    now = at("2026-11-24T03:00:30+00:00")
    assert latest(Timing("* * * * *"), since=now - 365 * DAY_S, now=now) == now - 30
    assert latest(Timing("0 0 1 1 *"), since=now - 3 * 365 * DAY_S, now=now) == at(
        "2026-01-01T00:00:00+00:00"
    )
    assert latest(Timing("0 0 1 1 *"), since=now - DAY_S, now=now) is None


class Simulated:
    """A schedule in virtual time, whose batches take a while."""

    def __init__(self, timing: Timing, start: float, *, takes_s: float) -> None:
        self.timing, self.now, self.takes_s = timing, start, takes_s
        self.standing = ScheduleState(start)
        self.ends_at = 0.0
        self.ran: list[float] = []
        self.n_passed_over = 0

    def step(self, seconds: float) -> None:
        self.now += seconds
        decision = decide(self.timing, self.standing, now=self.now, is_running=self.now < self.ends_at)
        self.standing = decision.standing
        self.n_passed_over += decision.n_passed_over
        if decision.run_at is not None:
            self.ran.append(decision.run_at)
            self.ends_at = self.now + self.takes_s


START = at("2026-11-24T00:00:00+00:00")


def test_every_occurrence_is_run_once_and_nothing_between() -> None:
    world = Simulated(Timing("0 * * * *"), START, takes_s=60)
    for _ in range(24 * 60):
        world.step(60)
    assert world.ran == [START + 3_600 * n for n in range(1, 25)]
    assert world.n_passed_over == 0


def test_with_skip_an_occurrence_during_a_batch_is_passed_over() -> None:
    world = Simulated(Timing("0 * * * *", overlap=Overlap.SKIP), START, takes_s=5_400)
    for _ in range(6 * 60):
        world.step(60)
    assert world.ran == [START + 3_600 * n for n in (1, 3, 5)]
    assert world.n_passed_over == 3


def test_with_queue_the_last_occurrence_during_a_batch_waits_for_its_end() -> None:
    world = Simulated(Timing("0 * * * *", overlap=Overlap.QUEUE), START, takes_s=9_000)
    for _ in range(12 * 60):
        world.step(60)
    # each batch takes 2.5 h: of the occurrences meanwhile the newest is run at its end
    assert world.ran == [START + 3_600 * n for n in (1, 3, 6, 8, 11)]
    assert world.n_passed_over == 6
    assert world.standing == ScheduleState(START + 12 * 3_600, waiting_at=START + 12 * 3_600)


@pytest.mark.parametrize(("catch_up", "ran"), [(CatchUp.NONE, []), (CatchUp.LAST, [START + 9 * 3_600])])
def test_after_downtime_the_last_occurrence_is_made_up_for_or_none(
    catch_up: CatchUp, ran: list[float]
) -> None:
    world = Simulated(Timing("0 * * * *", catch_up=catch_up), START, takes_s=60)
    world.step(9 * 3_600 + 1_800)
    assert world.ran == ran
    world.step(1_800)
    assert world.ran == [*ran, START + 10 * 3_600]


def test_an_occurrence_that_is_noticed_a_little_late_is_on_time() -> None:
    world = Simulated(Timing("0 * * * *"), START, takes_s=60)
    world.step(3_600 + LATE_S)
    assert world.ran == [START + 3_600]


def test_a_missed_occurrence_does_not_push_out_the_one_that_waits() -> None:
    waiting = ScheduleState(START, waiting_at=START)
    decision = decide(
        Timing("0 * * * *", overlap=Overlap.QUEUE), waiting, now=START + 3_600 + 1_000, is_running=True
    )
    assert decision.standing.waiting_at == START
    assert decision.n_passed_over == 1


def test_a_clock_that_was_ahead_does_not_silence_a_schedule() -> None:
    # it was a year ahead for a moment, and the schedule ran then
    ahead = ScheduleState(START + 365 * DAY_S)
    assert decide(Timing("0 * * * *"), ahead, now=START + 10, is_running=False).standing.since == START + 10
    world = Simulated(Timing("0 * * * *"), START, takes_s=1)
    world.standing = ahead
    for _ in range(120):
        world.step(60)
    assert world.ran == [START + 3_600, START + 7_200]


def test_occurrences_end_where_there_are_none() -> None:
    never = Timing(
        "0 0 */28 2 MON#2"
    )  # an older tlray took it: the 1st or 29th that is also the second Monday
    assert next(occurrences(never, after=START), None) is None
    assert latest(never, since=START, now=START + 100) is None


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("30 3 * * MON", "At 03:30 on Monday"),
        ("@daily", "At 00:00 every day"),
        (" */15 * * * * ", "Every 15th minute of every hour"),
        ("0 4 1,15 * *", "At 04:00 on the first and the 15th day of month"),
    ],
)
def test_a_cron_line_is_said_in_words(line: str, words: str) -> None:
    assert in_words(line) == words


@pytest.mark.parametrize("line", ["99 * * * *", "every day", "@never", "0 0 L * *"])
def test_a_line_that_is_none_has_no_words(line: str) -> None:
    with pytest.raises(ValueError, match="cron"):
        in_words(line)
