"""Questions to the catalogue that come together read once what is missing, and never miss what was there before them."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from made_catalogue import MadeHome
from made_sets import a_set, a_track

from tlray.io.catalogue.catch_up import Standing
from tlray.io.disk.home import Home
from tlray.service.backend import catalogue_questions
from tlray.service.backend.catalogue_questions import PAUSE_S, CatalogueQuestions


@pytest.fixture
def made(tmp_path: Path) -> Iterator[MadeHome]:
    made = MadeHome(tmp_path)
    yield made
    made.close()


def n_sets(db: sqlite3.Connection) -> int:
    return int(db.execute("SELECT count(*) FROM sets").fetchone()[0])


class Readings:
    """Readings of the catalogue, counted; each waits until it may go on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, behind: int | None = None) -> None:
        self.n_begun = 0
        self.has_read, self.may_end = threading.Event(), threading.Event()
        self._read, self._behind = catalogue_questions.catch_up, behind
        monkeypatch.setattr(catalogue_questions, "catch_up", self.catch_up)

    def catch_up(self, home: Home, *, within_s: float) -> Standing:
        standing = self._read(home, within_s=within_s)
        self.n_begun += 1
        self.has_read.set()
        assert self.may_end.wait(60)
        return standing if self._behind is None else Standing(0, self._behind)


async def test_questions_that_come_together_read_once_and_see_what_was_there_before_them(
    made: MadeHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    made.batch("b1", [a_set(a_track(1), source_id="s1")])
    readings, questions = Readings(monkeypatch), CatalogueQuestions(made.home)
    first = asyncio.create_task(questions.ask(n_sets))
    assert await asyncio.to_thread(readings.has_read.wait, 60)
    made.batch("b2", [a_set(a_track(1), source_id="s2")])  # after the first one has read
    later = [asyncio.create_task(questions.ask(n_sets)) for _ in range(5)]
    await asyncio.sleep(0.01)
    readings.may_end.set()
    found = [await task for task in later]
    assert [(standing.n_behind, n) for standing, n in found] == [(0, 2)] * 5
    assert readings.n_begun == 2
    assert (await first)[0].n_behind == 0


async def test_a_question_after_a_published_set_has_it(made: MadeHome) -> None:
    questions = CatalogueQuestions(made.home)
    for n in range(1, 4):
        made.batch(f"b{n}", [a_set(a_track(1), source_id=f"s{n}")])
        assert (await questions.ask(n_sets))[1] == n


@pytest.mark.parametrize(("behind", "n_readings"), [(50_000, 1), (900, 4)])
async def test_far_behind_the_next_questions_are_answered_without_reading_for_a_while(
    made: MadeHome, monkeypatch: pytest.MonkeyPatch, behind: int, n_readings: int
) -> None:
    made.batch("b1", [a_set(a_track(1), source_id="s1")])
    readings = Readings(monkeypatch, behind)
    readings.may_end.set()
    now = [100.0]

    def clock() -> float:
        now[0] += 0.001
        return now[0]

    questions = CatalogueQuestions(made.home, clock=clock)
    for _ in range(4):
        standing, n = await questions.ask(n_sets)
        assert (standing.n_behind, n) == (behind, 1)
    assert readings.n_begun == n_readings
    now[0] += PAUSE_S
    await questions.ask(n_sets)
    assert readings.n_begun == n_readings + 1
