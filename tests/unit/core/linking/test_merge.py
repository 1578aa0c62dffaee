"""One set made of several sources: the best of each field, where it comes from, and what they say differently."""

from __future__ import annotations

from dataclasses import fields
from datetime import date
from itertools import permutations
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from made_sets import a_set, a_track, any_set, with_row

from benchmarks.performed_world import SITES, World
from tlray.core.linking.merge import merge
from tlray.core.linking.performance import track_key
from tlray.core.model.merged import Conflict, MergedTrack, MergedTracklist
from tlray.model import CuePrecision, Identity, Track, TrackKind, Tracklist

UNKNOWN: dict[str, Any] = {"artist": "ID", "title": "ID", "identity": Identity.ID}
MINUTE = CuePrecision.MINUTE


def rows(names: str, **given: dict[str, Any]) -> list[Track]:
    """Rows by their names; ``-`` is an unknown one. ``given`` is name → fields."""
    return [
        a_track(
            n, **({"artist": name, "title": f"T{name}"} if name != "-" else UNKNOWN) | given.get(name, {})
        )
        for n, name in enumerate(names, 1)
    ]


def one(names: str | list[Track], **given: Any) -> Tracklist:
    return a_set(*(rows(names) if isinstance(names, str) else names), **given)


def merged(*sets: Tracklist) -> MergedTracklist:
    return merge(list(zip(("a:1", "b:1", "c:1"), sets, strict=False)))


def names_of(found: Tracklist) -> str:
    return "".join("-" if track.identity is Identity.ID else track.artist for track in found.tracks)


def column(found: Tracklist, group: str) -> list[str | None]:
    return [track.sources_of.get(group) for track in found.tracks if isinstance(track, MergedTrack)]


def conflicts(found: MergedTracklist, field: str) -> list[tuple[int | None, dict[str, str]]]:
    return [(c.index, c.values) for c in found.conflicts if c.field == field]


def test_a_row_of_only_one_source_goes_between_the_same_neighbours() -> None:
    found = merged(one("ABDEF"), one("ABCDF"))
    assert names_of(found) == "ABCDEF"
    assert column(found, "name") == ["a:1", "a:1", "b:1", "a:1", "a:1", "a:1"]
    assert [track.index for track in found.tracks] == [1, 2, 3, 4, 5, 6]
    assert [track.number for track in found.tracks] == [1, 2, None, 3, 4, 5], (
        "numbers are as the list shows them"
    )
    assert (found.track_count, found.identified_count, found.merged_from) == (6, 6, ["a:1", "b:1"])
    assert found.conflicts == []


def test_rows_in_one_place_that_are_not_alike_are_a_conflict_and_none_is_added() -> None:
    found = merged(one("ABXDEF"), one("ABYDE"))
    assert names_of(found) == "ABXDEF"
    assert found.conflicts == [Conflict("row", 3, {"b:1": "Y - TY"})]
    assert found.conflicts[0].text == "row 3: b:1 Y - TY"


def test_a_row_before_all_others_has_no_row_before_it() -> None:
    lonely = with_row(1, parent=9, artist="W", title="TW")
    found = merged(
        one("ABC"), one([lonely, *(a_track(n, artist=x, title=f"T{x}") for n, x in enumerate("AB", 2))])
    )
    assert conflicts(found, "row") == [(None, {"b:1": "W - TW"})]


def test_an_unknown_row_gets_the_name_that_another_source_has() -> None:
    found = merged(one("AB-DE"), one("ABCD"))
    assert names_of(found) == "ABCDE"
    assert column(found, "name")[2] == "b:1"
    assert found.conflicts == []
    assert names_of(merged(one("ABCD"), one("AB-"))) == "ABCD", "a row of which nothing is known is not added"


def test_a_row_that_stands_elsewhere_is_said() -> None:
    found = merged(one("ABCDEF"), one("FABCDE"))
    assert names_of(found) == "ABCDEF"
    assert conflicts(found, "order") == [(6, {"a:1": "6", "b:1": "1"})]


def test_parts_stay_behind_their_row_and_bring_it_along() -> None:
    ours = [
        *rows("AB"),
        with_row(3, parent=2, artist="W", title="TW"),
        *(a_track(n, artist=x, title=f"T{x}") for n, x in ((4, "E"), (5, "F"))),
    ]
    theirs = [*rows("ABC"), with_row(4, parent=3, artist="V", title="TV"), a_track(5, artist="E", title="TE")]
    found = merged(one(ours), one(theirs))
    assert names_of(found) == "ABWCVEF"
    assert [track.parent for track in found.tracks] == [None, None, 2, None, 4, None, None]
    assert [track.kind for track in found.tracks if track.parent] == [TrackKind.WITH, TrackKind.WITH]
    left = merged(
        one("ABXDEF"),
        one(
            [*rows("ABY"), with_row(4, parent=3, artist="V", title="TV"), a_track(5, artist="D", title="TD")]
        ),
    )
    assert [values["b:1"] for _, values in conflicts(left, "row")] == ["Y - TY", "V - TV"]


def test_start_times_come_from_the_exact_source_and_labels_from_the_one_that_has_them() -> None:
    rough = {
        name: {"cue_s": 60.0 * n, "cue_precision": MINUTE, "cue_text": f"[{n}]", "labels": [f"L{name}"]}
        for n, name in enumerate("ABCDE")
    }
    exact = {name: {"cue_s": 60.0 * n + 5} for n, name in enumerate("AB-DE") if name != "-"}
    found = merged(
        one(rows("ABCDE", **rough)), one(rows("ABDE", **exact), recordings=["xyz"], duration_s=600.0)
    )
    assert [track.cue_s for track in found.tracks] == [5.0, 65.0, 120.0, 185.0, 245.0]
    assert column(found, "cue") == ["b:1", "b:1", "a:1", "b:1", "b:1"]
    assert found.tracks[2].cue_precision is MINUTE
    assert [track.cue_text for track in found.tracks] == [None, None, "[2]", None, None]
    assert column(found, "labels") == ["a:1"] * 5
    assert (found.recordings, found.sources_of["recordings"], found.duration_s) == (["xyz"], "b:1", 600.0)
    assert found.conflicts == []


def test_start_times_of_another_recording_are_not_mixed_in() -> None:
    first = {name: {"cue_s": 100.0 * n} for n, name in enumerate("ABCDE") if name != "C"}
    later = {name: {"cue_s": 100.0 * n + 95} for n, name in enumerate("ABC")}
    found = merged(one(rows("ABCDE", **first)), one(rows("ABCX", **later)))
    assert [track.cue_s for track in found.tracks] == [0.0, 100.0, None, 300.0, 400.0]
    assert conflicts(found, "cue") == [
        (1, {"a:1": "0", "b:1": "95"}), (2, {"a:1": "100", "b:1": "195"}), (3, {"b:1": "295"}),
    ]  # fmt: skip


def test_a_start_time_that_is_not_between_its_neighbours_is_not_taken() -> None:
    ours = {name: {"cue_s": 100.0 * n, "recording": 1} for n, name in enumerate("ABCDEF") if name not in "BC"}
    theirs = {"A": {"cue_s": 0.0}, "B": {"cue_s": 500.0, "cue_text": "8:20"}, "C": {"cue_s": 201.0}}
    found = merged(
        one(rows("ABCDEF", **ours)),
        one(rows("ABC", **theirs)),
        one(rows("ABC", B={"cue_s": 150.0, "recording": 2})),
    )
    assert [track.cue_s for track in found.tracks] == [0.0, None, 201.0, 300.0, 400.0, 500.0]
    assert [track.cue_text for track in found.tracks] == [None] * 6
    assert conflicts(found, "cue") == [(2, {"b:1": "500", "c:1": "150"})]


def test_a_list_that_begins_later_does_not_begin_at_nought() -> None:
    """The opening row of a page is at 0 by the site's own rule."""
    cues = {name: {"cue_s": 100.0 * n} for n, name in enumerate("BCDE")}
    found = merged(one("ABCDEF"), one(rows("BCDE", **cues)))
    assert [track.cue_s for track in found.tracks] == [None, None, 100.0, 200.0, 300.0, None]
    assert conflicts(found, "cue") == [(2, {"b:1": "0"})]


def test_a_row_of_only_one_source_has_no_start_time_of_another_recording() -> None:
    ours = {name: {"cue_s": 100.0 * n, "recording": 1} for n, name in enumerate("ABDE")}
    theirs = {name: {"cue_s": 50.0 * n, "recording": 4} for n, name in enumerate("ABC")}
    found = merged(one(rows("ABDE", **ours)), one(rows("ABCD", **theirs)))
    assert names_of(found) == "ABCDE"
    added = found.tracks[2]
    assert (added.cue_s, added.cue_precision, added.recording) == (None, CuePrecision.UNKNOWN, None)


def test_of_names_and_days_the_majority_counts_and_the_rest_is_listed() -> None:
    day, other = date(2026, 5, 1), date(2026, 5, 2)
    found = merged(
        one(rows("ABCDE", B={"artist": "Vex B"}), date=other, djs=["Vex"]),
        one(
            [a_track(1, artist="A", title="Ta"), a_track(2, artist="Vex Bx", title="TB")],
            date=day,
            djs=["Vex", "Nox"],
        ),
        one(
            [a_track(1, artist="A", title="TA"), a_track(2, artist="Vex Bx", title="TB")],
            date=day,
            djs=["VEX", "nox"],
        ),
    )
    assert (found.date, found.sources_of["date"], found.djs) == (day, "b:1", ["Vex", "Nox"])
    assert conflicts(found, "date") == [
        (None, {"a:1": "2026-05-02", "b:1": "2026-05-01", "c:1": "2026-05-01"})
    ]
    assert conflicts(found, "djs") == [(None, {"a:1": "Vex", "b:1": "Vex/Nox", "c:1": "VEX/nox"})]
    assert [track.artist for track in found.tracks[:2]] == ["A", "Vex Bx"]
    assert conflicts(found, "name") == [
        (2, {"a:1": "Vex B - TB", "b:1": "Vex Bx - TB", "c:1": "Vex Bx - TB"})
    ]
    assert {c.field for c in found.conflicts} == {"date", "djs", "name"}


def test_labels_that_differ_are_a_conflict() -> None:
    found = merged(
        one(rows("ABC", A={"labels": ["Drumcode"]}, B={"labels": ["X"]})),
        one(rows("AB", A={"labels": ["DRUMCODE"]}, B={"labels": ["Y"]})),
    )
    assert found.tracks[1].labels == ["X"]
    assert conflicts(found, "labels") == [(2, {"a:1": "X", "b:1": "Y"})]


def test_licences_of_all_sources_stay() -> None:
    found = merged(
        one("ABC", licence="CC-BY-SA-3.0-US", attribution="MixesDB", date=None,
            quality_issues=["guessed encoding", "no start times", "no date"]),
        one("AB", licence="CC-BY-SA-3.0-US", attribution="Someone", date=date(2026, 5, 1)),
        one("A"),
    )  # fmt: skip
    assert (found.licence, found.attribution) == ("CC-BY-SA-3.0-US", "MixesDB; Someone")
    assert found.quality_issues == ["guessed encoding", "no start times"], (
        "what is known now is no issue any more"
    )
    assert merged(one("A"), one("A")).licence is None


@given(any_set())
def test_a_set_alone_stays_as_it_is(alone: Tracklist) -> None:
    found = merged(alone)
    for field in fields(Tracklist):
        if field.name != "tracks":
            assert repr(getattr(found, field.name)) == repr(getattr(alone, field.name))
    assert found.merged_from == ["a:1"]
    assert set(found.sources_of.values()) <= {"a:1"}
    assert found.conflicts == []
    for track, before in zip(found.tracks, alone.tracks, strict=True):
        assert [repr(getattr(track, f.name)) for f in fields(Track)] == [
            repr(getattr(before, f.name)) for f in fields(Track)
        ]


@given(st.lists(any_set(8), min_size=2, max_size=3))
def test_whatever_the_sources_are_the_list_is_whole_and_their_order_does_not_matter(
    sets: list[Tracklist],
) -> None:
    named = list(zip(("a:1", "b:1", "c:1"), sets, strict=False))
    found = merge(named)
    assert [track.index for track in found.tracks] == list(range(1, len(found.tracks) + 1))
    for track in found.tracks:
        assert (track.parent is None) == (track.kind is TrackKind.MAIN)
        assert track.parent is None or 1 <= track.parent <= len(found.tracks)
    assert len(found.tracks) >= max(
        sum(t.identity is Identity.IDENTIFIED for t in one.tracks) for one in sets
    )
    for some in permutations(named):
        assert repr(merge(some)) == repr(found)


def test_damaged_pages_of_a_performance_together_have_most_of_what_was_played() -> None:
    world = World(7, n_performances=150)
    n_played = n_best = n_merged = n_twice = exact = n_exact = 0
    for number, played in enumerate(world.performances()):
        pages = [(f"{site}:{number}", world.page(played, site)) for site in SITES]
        found = merge(pages)
        names = [track_key(t.artist, t.title) for t in found.tracks if t.identity is Identity.IDENTIFIED]
        n_played += len(played.tracks)
        n_best += max(page.identified_count for _, page in pages)
        n_merged += len(names)
        n_twice += len(names) - len(set(names))
        assert {name.partition(":")[0] for name in column(found, "labels") if name} <= {"mixesdb"}
        exact += column(found, "cue").count(pages[0][0])
        n_exact += len(pages[0][1].tracks)
    assert n_merged > n_best + 0.7 * (n_played - n_best)
    assert n_twice < 0.01 * n_merged
    assert exact > 0.9 * n_exact, (
        "the other rows are unknown ones, or stand where another source has another row"
    )
