"""The quality of a batch, of a user's sets and of all of them, kept up to date; it is what a plain count would give."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from made_catalogue import MadeHome
from made_sets import a_set, a_track

from tlray.io.catalogue.batch_quality import batch_quality
from tlray.io.catalogue.catch_up import catch_up
from tlray.io.catalogue.database import opened
from tlray.io.catalogue.tally import of_owner, quality_of
from tlray.io.disk.home import Home
from tlray.model import Tracklist

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
ISSUES = ("3 of 4 not identified", "1 of 9 not identified", "no date", "1 unreadable character")


def fetched(source_id: str, hours: int, quality: float | None, *issues: str) -> Tracklist:
    return a_set(
        a_track(1, title=f"T{hours}"), source_id=source_id, fetched_at=NOON + timedelta(hours=hours), quality=quality,
        quality_issues=list(issues),
    )  # fmt: skip


def quality(home: Home, owner: str | None = None) -> dict[str, Any]:
    catch_up(home)
    with opened(home) as db:
        return quality_of(db, of_owner(owner))


def test_the_newest_version_counts_for_each_user_and_every_version_for_its_batch(made: MadeHome) -> None:
    made.batch("b1", [fetched("s1", 0, 0.5, "3 of 4 not identified", "no date")], owner="ann")
    made.batch("b2", [fetched("s1", 1, 0.7, "no date")], [fetched("s2", 1, None)], owner="bob")
    assert quality(made.home) == {"sets": 2, "mean": 0.7, "issues": {"no date": 1}}
    assert quality(made.home, "ann") == {
        "sets": 1,
        "mean": 0.5,
        "issues": {"no date": 1, "not identified": 1},
    }
    made.batch("b3", [fetched("s1", 2, 0.9)], owner="ann")
    assert quality(made.home) == {"sets": 2, "mean": 0.9, "issues": {}}
    assert quality(made.home, "bob") == {"sets": 2, "mean": 0.7, "issues": {"no date": 1}}
    assert quality(made.home, "eve") == {"sets": 0, "mean": None, "issues": {}}
    assert batch_quality(made.home, "b1") == {
        "sets": 1,
        "mean": 0.5,
        "issues": {"no date": 1, "not identified": 1},
    }
    assert batch_quality(made.home, "b9") == {"sets": 0, "mean": None, "issues": {}}


def test_a_copy_of_an_older_fetch_counts_for_its_batch_only(made: MadeHome) -> None:
    made.batch("b1", [fetched("s1", 0, 0.2, "no date")])
    made.batch("b2", [fetched("s1", 1, 0.6)])
    made.batch("b3", [fetched("s1", 0, 0.2, "no date")])
    assert quality(made.home) == {"sets": 1, "mean": 0.6, "issues": {}}
    assert batch_quality(made.home, "b3") == {"sets": 1, "mean": 0.2, "issues": {"no date": 1}}


def test_any_course_of_events_gives_what_a_count_of_the_newest_versions_gives(made: MadeHome) -> None:
    rng = random.Random(5)
    newest: dict[tuple[str, str], tuple[float, list[str]]] = {}
    last: dict[str, tuple[float, list[str]]] = {}
    for n in range(25):
        owner = rng.choice(["", "ann", "bob"])
        pages = []
        for source_id in rng.sample(["s1", "s2", "s3", "s4"], rng.randrange(1, 4)):
            seen = (round(rng.random(), 3), rng.sample(ISSUES, rng.randrange(len(ISSUES))))
            pages.append([fetched(source_id, n, seen[0], *seen[1])])
            newest[owner, source_id] = last[source_id] = seen
        made.batch(f"b{n}", *pages, owner=owner)
        if n % 3 == 0:
            catch_up(made.home)
    names = dict(
        zip(ISSUES, ("not identified", "not identified", "no date", "unreadable characters"), strict=True)
    )
    for owner in (None, "", "ann", "bob"):
        sets = (
            list(last.values())
            if owner is None
            else [seen for (who, _), seen in newest.items() if who == owner]
        )
        counted = Counter(name for _, issues in sets for name in {names[issue] for issue in issues})
        found = quality(made.home, owner)
        assert (found["sets"], found["issues"]) == (len(sets), dict(counted))
        assert abs((found["mean"] or 0) - sum(score for score, _ in sets) / max(1, len(sets))) < 0.001
    made.home.catalogue.unlink()
    assert quality(made.home)["issues"] == dict(
        Counter(n for _, i in last.values() for n in {names[x] for x in i})
    )


def test_a_catalogue_that_cannot_be_read_has_no_quality(tmp_path: Path) -> None:
    assert batch_quality(Home(tmp_path / "nowhere"), "b1") is None
