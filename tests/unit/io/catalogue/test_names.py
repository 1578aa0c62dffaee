"""Where a DJ, an artist, a label and a track occur, over made sets; and a search counted."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from made_catalogue import MadeHome
from made_sets import a_set, a_track

from tlray.io.catalogue import names
from tlray.io.catalogue.catch_up import ask
from tlray.io.catalogue.names import NameKind, about, facets
from tlray.io.catalogue.search import NoWords, Query
from tlray.model import Identity, Tracklist


def night(number: int, day: date | None, djs: list[str], *rows: tuple[str, str, str]) -> list[Tracklist]:
    tracks = [
        a_track(
            n, artist=artist, title=title, labels=[label] if label else [],
            identity=Identity.ID if title == "ID" else Identity.IDENTIFIED,
        )
        for n, (artist, title, label) in enumerate(rows, 1)
    ]  # fmt: skip
    return [a_set(*tracks, source_id=f"s{number}", date=day, djs=djs)]


@pytest.fixture
def made(tmp_path: Path) -> Iterator[MadeHome]:
    made = MadeHome(tmp_path)
    made.batch(
        "b1",
        night(
            1,
            date(2026, 5, 1),
            ["Ann"],
            ("A", "One", "L1"),
            ("B", "Two", "L2"),
            ("ID", "ID", ""),
            ("A", "Three", "L1"),
        ),
        night(2, date(2026, 5, 9), ["Ann", "Bob"], ("a", "one", "l1"), ("C & A", "Four", "L2")),
        night(3, None, ["Ann Other"], ("A B", "One", "L1 Records"), ("D", "One", "")),
        owner="ann",
    )
    made.batch("b2", night(4, date(2025, 1, 1), ["Ann"], ("A", "One", "L1")), owner="bob")
    yield made
    made.close()


def told(made: MadeHome, kind: NameKind, name: str, owner: str | None = "ann") -> dict[str, Any] | None:
    return ask(made.home, lambda db: about(db, kind, name, owner=owner))[1]


def top(found: dict[str, Any] | None, field: str) -> dict[str, int]:
    assert found is not None
    return {one["name"]: one["sets"] for one in found[field]}


def test_a_dj_has_sets_months_and_what_is_played_most(made: MadeHome) -> None:
    found = told(made, NameKind.DJ, "ann")
    assert found is not None
    assert (found["sets"], found["is_exact"], found["looked_at"], found["plays"]) == (2, True, 3, 5)
    assert (found["first_day"], found["last_day"]) == ("2026-05-01", "2026-05-09")
    assert found["by_month"] == [{"month": "2026-05", "sets": 2}]
    assert [one["source_id"] for one in found["newest"]] == ["s2", "s1"]
    assert top(found, "djs") == {"Bob": 1}
    assert top(found, "artists") == {"A": 1, "a": 1, "B": 1, "C & A": 1}
    assert "ID - ID" not in top(found, "tracks")
    assert found["played_with"] == []


def test_an_artist_is_the_whole_name(made: MadeHome) -> None:
    found = told(made, NameKind.ARTIST, "A")
    assert found is not None
    assert (found["sets"], found["plays"]) == (2, 3)
    assert top(found, "djs") == {"Ann": 2, "Bob": 1}
    assert top(found, "tracks") == {"A - One": 1, "A - Three": 1, "a - one": 1}
    assert top(found, "played_with") == {"B - Two": 1, "C & A - Four": 1}
    assert found["artists"] == []


def test_a_label_and_a_track(made: MadeHome) -> None:
    label = told(made, NameKind.LABEL, "L1")
    assert label is not None
    assert (label["sets"], top(label, "artists")) == (2, {"A": 1, "a": 1})
    track = told(made, NameKind.TRACK, "A - One")
    assert track is not None
    assert (track["sets"], track["plays"], top(track, "djs")) == (2, 2, {"Ann": 2, "Bob": 1})
    assert top(track, "labels") == {"L1": 1, "l1": 1}
    assert told(made, NameKind.TRACK, "One") is None, "each of that title has an artist"


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (NameKind.DJ, "Nobody"),
        (NameKind.ARTIST, "A*"),
        (NameKind.ARTIST, 'x" OR "A'),
        (NameKind.TRACK, "D - Two"),
    ],
)
def test_what_no_set_has_is_not_there(made: MadeHome, kind: NameKind, name: str) -> None:
    assert told(made, kind, name) is None


def test_a_name_without_words_is_refused(made: MadeHome) -> None:
    for name in ("!!!", " - ", '"'):
        for kind in NameKind:
            with pytest.raises(NoWords):
                told(made, kind, name)
    assert told(made, NameKind.TRACK, "!!! - One") is None


def test_a_user_sees_their_own_sets(made: MadeHome) -> None:
    bob, everyone = told(made, NameKind.DJ, "Ann", "bob"), told(made, NameKind.DJ, "Ann", None)
    assert bob is not None
    assert everyone is not None
    assert (bob["sets"], bob["first_day"], everyone["sets"]) == (1, "2025-01-01", 3)
    assert told(made, NameKind.ARTIST, "B", "bob") is None


def test_of_more_sets_than_are_read_the_words_are_counted(
    made: MadeHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(names, "MAX_LOOKED", 2)
    found = told(made, NameKind.DJ, "Ann")
    assert found is not None
    assert (found["sets"], found["is_exact"], found["looked_at"]) == (3, False, 2)
    assert (found["first_day"], found["last_day"]) == ("2026-05-01", "2026-05-09")
    assert [one["source_id"] for one in found["newest"]] == ["s2"], "of those that were read"


def test_a_search_is_counted_by_year_and_site(made: MadeHome, monkeypatch: pytest.MonkeyPatch) -> None:
    def counted(owner: str | None, **query: Any) -> dict[str, Any]:
        return ask(made.home, lambda db: facets(db, Query(**query), owner=owner))[1]

    assert counted(None) == {
        "total": 4,
        "years": [{"year": "2026", "sets": 2}, {"year": "2025", "sets": 1}, {"year": None, "sets": 1}],
        "sites": [{"site": "1001tracklists", "sets": 4}],
    }
    assert counted("ann", dj="bob")["years"] == [{"year": "2026", "sets": 1}]
    assert counted("bob", label="none") == {"total": 0, "years": [], "sites": []}
    monkeypatch.setattr(names, "MAX_BY_SITE", 1)
    assert counted("ann")["sites"] is None
