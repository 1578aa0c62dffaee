"""``tlray refresh --dry-run``: what it would fetch, and why now."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from made_catalogue import DOMAIN, MadeHome
from made_journal import kill_lane
from made_sets import a_set, a_track

from tlray.cli import run
from tlray.core.scheduling.changeset import LaneDeath
from tlray.io.catalogue.catch_up import catch_up
from tlray.io.catalogue.database import opened
from tlray.io.catalogue.known_sets import known_sets
from tlray.model import Identity, Tracklist

NOW = datetime.now(UTC)


def night(
    source_id: str, *, days_ago: float, unknown: int, url: str | None = None, parser: str = "p/1"
) -> Tracklist:
    tracks = [
        a_track(n, artist="ID", title="ID", identity=Identity.ID)
        if n <= unknown
        else a_track(n, artist=f"A{n}", title="T")
        for n in range(1, 11)
    ]
    return a_set(
        *tracks, source_id=source_id, fetched_at=NOW - timedelta(days=days_ago), date=(NOW - timedelta(days=40)).date(),
        url=url or f"https://www.1001tracklists.com/tracklist/{source_id}/x.html", parser=parser,
        identified_count=10 - unknown,
    )  # fmt: skip


@pytest.fixture
def home(tmp_path: Path) -> Path:
    made = MadeHome(tmp_path / "home")
    made.batch(
        "b1",
        [night("busy", days_ago=30, unknown=6)],
        [night("calm", days_ago=30, unknown=0)],
        [night("new", days_ago=0, unknown=6)],
    )
    made.batch(
        "b2", [night("busy", days_ago=20, unknown=4)], [night("calm", days_ago=20, unknown=0, parser="p/2")]
    )
    made.batch("parsed again", [night("busy", days_ago=20, unknown=3, parser="p/2")])
    made.batch("b3", [night("file", days_ago=9, unknown=3, url="file:///a.cue")])
    made.close()
    return made.home.path


def planned(home: Path, capsys: pytest.CaptureFixture[str], *options: str) -> list[dict[str, Any]]:
    assert run(["refresh", "--dry-run", "--home", str(home), "--contact", "me@example.org", *options]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_the_most_promising_comes_first_with_its_reason(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    busy, calm, new = planned(home, capsys, "--budget", "9")
    assert (busy["source_id"], calm["source_id"], new["source_id"]) == ("busy", "calm", "new")
    assert "3 of 10 rows unknown" in busy["why"]
    assert "changed at 1 of 1 later visits, last 20 days ago" in busy["why"]
    assert busy["chance"] > calm["chance"] > new["chance"] >= 0
    assert "changed at 0 of 1" in calm["why"], "another parser is no change of the page"


def test_a_set_that_has_vanished_is_not_fetched_again_until_a_list_finds_it(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = MadeHome(home)
    for batch_id, pages in (("gone", 0), ("gone again", 0), ("back", 3)):
        made.open(batch_id, 3)
        if pages:
            made.fetch(batch_id, *([night(name, days_ago=1, unknown=6)] for name in ("busy", "calm", "new")))
        else:
            death = LaneDeath(made.journal.batch(batch_id).id, DOMAIN, "gone: 404")
            assert kill_lane(made.journal, death) == (3, 0)
        found = {one["source_id"] for one in planned(home, capsys, "--budget", "9")}
        assert found == ({"busy", "calm", "new"} if pages else set())
    made.close()


def test_a_page_that_could_not_be_had_is_not_gone(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = MadeHome(home)
    made.open("away", 3)
    kill_lane(made.journal, LaneDeath(made.journal.batch("away").id, DOMAIN, "unavailable: 503"))
    made.close()
    assert len(planned(home, capsys, "--budget", "9")) == 3


def test_a_site_is_asked_no_more_than_its_rate_allows(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert len(planned(home, capsys, "--budget", "1")) == 1
    assert len(planned(home, capsys, "--budget", "9", "--within", "16s")) == 2, "1 fetch in 8 s"
    assert planned(home, capsys, "--budget", "9", "--within", "7s") == []


def test_visits_are_those_of_the_catalogue(home: Path) -> None:
    from tlray.io.disk.home import Home  # noqa: PLC0415

    catch_up(Home(home))
    with opened(Home(home)) as db:
        sets = {known.source_id: known for known in known_sets(db)}
    assert set(sets) == {"busy", "calm", "new"}, "a file is not fetched again"
    assert [(visit.n_unknown, visit.n_changed) for visit in sets["busy"].visits] == [(6, 0), (3, 2)]
    assert [visit.n_changed for visit in sets["calm"].visits] == [0, 0]
    assert 39 < sets["new"].age_days(NOW.timestamp()) < 42


@pytest.mark.parametrize(
    "options", [["--budget", "0"], ["--budget", "many"], ["--budget", "3", "--within", "soon"], []]
)
def test_a_wrong_option_is_one_line(
    home: Path, capsys: pytest.CaptureFixture[str], options: list[str]
) -> None:
    assert run(["refresh", "--home", str(home), "--contact", "me@example.org", *options]) == 2
    assert "Error: " in (told := capsys.readouterr().err) or len(told.strip().splitlines()) == 1


def test_an_empty_catalogue_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = MadeHome(tmp_path / "home")
    made.close()
    arguments = ["refresh", "--budget", "5", "--home", str(made.home.path), "--contact", "me@example.org"]
    assert run(arguments) == 0
    assert "no set of the catalogue is worth a fetch now" in capsys.readouterr().err
