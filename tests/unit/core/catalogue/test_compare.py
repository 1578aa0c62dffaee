"""Comparison of two versions of a set: what changed, whatever else moved around it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tlray.core.catalogue.changes import Cause, Change, ChangeKind, cause_of, compare, compare_rows
from tlray.core.catalogue.matching import MAX_GAP, match
from tlray.core.catalogue.names import fits, similar, words
from tlray.core.catalogue.version import Row, Version
from tlray.model import Identity

K = ChangeKind
NAMES = (
    "Amber",
    "Birch",
    "Cedar",
    "Delta",
    "Ember",
    "Fjord",
    "Grove",
    "Heath",
    "Islet",
    "Jetty",
    "Knoll",
    "Lagoon",
)
UNKNOWN = Row("ID", "ID", Identity.ID)


def track(n: int, **given: object) -> Row:
    """One of many tracks, no two of which share a word."""
    name = NAMES[n % len(NAMES)] + "onuvwz"[n // len(NAMES) % 6] * (1 + n // 72)
    return Row(f"{name} {n}a", f"{name[::-1]} {n}t")._replace(**given)  # type: ignore[arg-type]


def version(*rows: Row, **given: object) -> Version:
    made = Version("A @ B", "2026-05-15", ["A"], "site/1", 1.0, rows)
    return made._replace(**given)  # type: ignore[arg-type]


def kinds(old: Sequence[Row], new: Sequence[Row]) -> list[tuple[str, int | None, int | None]]:
    return [(c.kind.value, c.index_before, c.index) for c in compare(version(*old), version(*new))]


A, B, C, D = (track(n) for n in range(4))


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ([A, B, C], [A, B, C], []),
        ([A, B, C], [A, D, B, C], [("added", None, 2)]),
        ([A, B, C], [A, C], [("removed", 2, None)]),
        ([A, B, C], [C, A, B], [("moved", 3, 1)]),
        ([], [A], [("added", None, 1)]),
        ([A], [], [("removed", 1, None)]),
        # an unknown track between the same neighbours gets its name, though a row came in before it
        ([A, UNKNOWN, B, UNKNOWN, C], [D, A, UNKNOWN, B, track(9), C], [("added", None, 1), ("revealed", 4, 5)]),
        ([A, UNKNOWN, B, UNKNOWN, C], [A, B, UNKNOWN, C], [("removed", 2, None)]),
        ([A, UNKNOWN, B], [A, B, UNKNOWN], [("added", None, 3), ("removed", 2, None)]),
        ([A, track(5), B], [A, UNKNOWN, B], [("hidden", 2, 2)]),
        # what was known of it must fit
        ([A, Row("Max Styler", "ID", Identity.ID_TITLE)], [A, Row("Max Styler & B", "Who")], [("revealed", 2, 2)]),
        ([A, Row("Max Styler", "ID", Identity.ID_TITLE)], [A, B], [("added", None, 2), ("removed", 2, None)]),
        ([Row("X", "Sun (ID Remix)", Identity.ID_REMIX)], [Row("X", "Sun (Y Remix)")], [("revealed", 1, 1)]),
        ([UNKNOWN], [Row("Max Styler", "ID", Identity.ID_TITLE)], [("revealed", 1, 1)]),
        ([Row("Max Styler", "ID", Identity.ID_TITLE)], [UNKNOWN], [("hidden", 1, 1)]),
        ([Row("Max", "Sun")], [Row("Max", "ID", Identity.ID_TITLE)], [("hidden", 1, 1)]),
        # two rows of one name: the one that goes is the one whose neighbours say so
        ([A, B, A, C], [B, A, C], [("removed", 1, None)]),
        # other spellings, and corrections
        ([A, Row("Sven Vath", "Ufo"), B], [A, Row("Sven Väth", "UFO"), B], [("renamed", 2, 2)]),
        ([Row("Max", "Sun")], [Row("Max", "Sun (Extended Mix)")], [("renamed", 1, 1)]),
        ([Row("Max", "Sun", track_id="7")], [Row("Moritz", "Moon", track_id="7")], [("renamed", 1, 1)]),
        ([A._replace(cue_s=60.0)], [B._replace(cue_s=60.0)], [("renamed", 1, 1)]),
        # cues
        ([A], [A._replace(cue_s=0.0)], [("cue_set", 1, 1)]),
        ([A._replace(cue_s=0.0)], [A], [("cue_removed", 1, 1)]),
        ([A._replace(cue_s=60.0)], [A._replace(cue_s=61.0)], [("cue_corrected", 1, 1)]),
        ([A._replace(cue_s=60.0, cue_precision="minute")], [A._replace(cue_s=60.0, cue_precision="second")],
         [("cue_corrected", 1, 1)]),
        ([UNKNOWN._replace(cue_s=60.0)], [A._replace(cue_s=3600.0)], [("added", None, 1), ("removed", 1, None)]),
        # of two unknown tracks, the one whose cue is the name's
        ([UNKNOWN._replace(cue_s=60.0), UNKNOWN._replace(cue_s=120.0)],
         [A._replace(cue_s=120.0)], [("revealed", 2, 1), ("removed", 1, None)]),
        ([A], [A._replace(labels=["ANJUNA"])], [("labels", 1, 1)]),
        ([A._replace(labels=["X", "Y"])], [A._replace(labels=["Y", "X"])], []),
    ],
)  # fmt: skip
def test_changes_of_rows(
    old: list[Row], new: list[Row], expected: list[tuple[str, int | None, int | None]]
) -> None:
    assert kinds(old, new) == expected


def test_changes_of_the_set_come_first_and_say_what_changed() -> None:
    old, new = version(A), version(A._replace(cue_s=61.5), title="New", date=None, djs=["A", "B"])
    assert compare(old, new) == [
        Change(K.SET_TITLE, before="A @ B", after="New"),
        Change(K.SET_DATE, before="2026-05-15", after=None),
        Change(K.SET_DJS, before="A", after="A/B"),
        Change(K.CUE_SET, 1, 1, A.artist, A.title, 61.5, None, "61.5"),
    ]


def test_the_cause_is_the_parser_where_it_has_read_the_same_fetch() -> None:
    old = version(A)
    assert cause_of(old, version(B)) is Cause.SOURCE
    assert cause_of(old, version(B, parser="site/2")) is Cause.PARSER
    assert cause_of(old, version(B, parser="site/2", fetched_at=2.0)) is Cause.EITHER
    assert (
        cause_of(old._replace(fetched_at=None), version(B, parser="site/2", fetched_at=None)) is Cause.EITHER
    )


def test_names_are_compared_without_case_accents_and_joining_words() -> None:
    assert words("Röyksopp feat. Robyn & Me") == words("ROYKSOPP ft Robyn, me")
    assert words("X") == ("x",)
    assert words("???") == ("???",)
    assert words(" ") == ()
    assert words("Don't") == words("Don’t")
    assert similar(Row("Sander van Doorn", "Grasshopper"), Row("Sander van Dorn", "Grashopper"))
    assert not similar(Row("Sander", "Sun"), Row("Sander", "Moon and stars over the sea"))
    assert not similar(Row("Sander", "Sun"), Row("Robyn", "Moon"))
    assert similar(Row("Sander", "Sun"), Row("Sander Two", "Sun"))
    assert not similar(Row("Sander van Doorn", "Riff"), Row("Sander van Doorn", "Koko"))
    assert not similar(Row("Sander van Doorn", "Riff"), Row("Sander van Dorn", "Koko"))
    assert fits(UNKNOWN, A)


def test_many_unknown_rows_are_matched_in_order_without_weighing_each_pair() -> None:
    n = int(MAX_GAP**0.5) + 50
    old = [UNKNOWN._replace(cue_s=60.0 * i) for i in range(n)]
    new = old[1:]
    assert kinds(old, new) == [("removed", 1, None)]
    assert len(match([A] * 2000, [A] * 2000).pairs) == 2000


rows = st.builds(
    Row,
    artist=st.sampled_from(["A", "B b", "ID", "", "é"]),
    title=st.sampled_from(["T", "T two", "ID", "…", "T (ID Remix)"]),
    identity=st.sampled_from([identity.value for identity in Identity]),
    cue_s=st.none() | st.floats(0, 500) | st.just(float("inf")),
    track_id=st.none() | st.sampled_from(["1", "2"]),
    labels=st.lists(st.sampled_from("XY"), max_size=2),
)


@given(st.lists(rows, max_size=14), st.lists(rows, max_size=14))
def test_every_row_is_matched_once_or_added_or_removed(old: list[Row], new: list[Row]) -> None:
    found = compare(version(*old), version(*new))
    gone = {c.index_before for c in found if c.kind is K.REMOVED}
    come = {c.index for c in found if c.kind is K.ADDED}
    pairs, moved = match(old, new)
    assert {i + 1 for i, _ in pairs} | gone == set(range(1, len(old) + 1))
    assert {j + 1 for _, j in pairs} | come == set(range(1, len(new) + 1))
    assert (len(pairs) + len(gone), len(pairs) + len(come)) == (len(old), len(new))
    stays = [pair for pair in pairs if pair not in moved]
    assert stays == sorted(stays)
    assert not compare(version(*old), version(*old))


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ([], [], []),
        ([A, B], [A, B], [(1, 1, []), (2, 2, [])]),
        # one that comes in is one change, and shifts the others
        ([A, B], [D, A, B], [(None, 1, [K.ADDED]), (1, 2, []), (2, 3, [])]),
        # a removed row stands where it stood, before what replaces it
        ([A, B, C], [A, D, C], [(1, 1, []), (2, None, [K.REMOVED]), (None, 2, [K.ADDED]), (3, 3, [])]),
        ([A, B, C], [C], [(1, None, [K.REMOVED]), (2, None, [K.REMOVED]), (3, 1, [])]),
        ([A, B], [], [(1, None, [K.REMOVED]), (2, None, [K.REMOVED])]),
        # … and does not go along with a row that moves away
        ([A, B, D, C], [A, C, B], [(1, 1, []), (3, None, [K.REMOVED]), (4, 2, []), (2, 3, [K.MOVED])]),
        ([A, B, C, D], [B, C, A], [(2, 1, []), (3, 2, []), (4, None, [K.REMOVED]), (1, 3, [K.MOVED])]),
        # several changes of one row
        ([UNKNOWN], [A._replace(cue_s=1.0, labels=["X"])], [(1, 1, [K.REVEALED, K.CUE_SET, K.LABELS])]),
    ],
)  # fmt: skip
def test_the_rows_of_two_versions_are_one_list(
    old: list[Row], new: list[Row], expected: list[tuple[int | None, int | None, list[ChangeKind]]]
) -> None:
    found = compare_rows(old, new)
    assert [(row.index_before, row.index, [c.kind for c in row.changes]) for row in found] == expected


@given(st.lists(rows, max_size=14), st.lists(rows, max_size=14))
def test_one_list_has_every_row_and_every_change_once(old: list[Row], new: list[Row]) -> None:
    found = compare_rows(old, new)
    assert [row.index for row in found if row.index] == list(range(1, len(new) + 1))
    assert sorted(row.index_before for row in found if row.index_before) == list(range(1, len(old) + 1))
    changes = Counter(change for row in found for change in row.changes)
    assert changes == Counter(compare(version(*old), version(*new)))


EDITS = (K.ADDED, K.REMOVED, K.REVEALED, K.HIDDEN, K.CUE_SET, K.CUE_CORRECTED, K.CUE_REMOVED, K.LABELS)


@given(
    st.lists(st.sampled_from([None, None, *EDITS]), max_size=25),
    st.lists(st.integers(0, 24), max_size=1),
)
def test_random_edits_of_a_set_are_recovered(edits: list[ChangeKind | None], moves: list[int]) -> None:
    """Each edit stands between two rows that stay, as two edits at one place have more than one explanation."""
    old: list[Row] = []
    new: list[Row] = []
    expected: Counter[ChangeKind] = Counter()
    for n, edit in enumerate(edits):
        row = track(2 * n, cue_s=200.0 * n)
        before = {
            K.ADDED: [], K.REVEALED: [UNKNOWN._replace(cue_s=row.cue_s)], K.CUE_SET: [row._replace(cue_s=None)],
        }.get(edit, [row])  # type: ignore[arg-type] # fmt: skip
        after = {
            K.REMOVED: [], K.HIDDEN: [UNKNOWN._replace(cue_s=row.cue_s)], K.CUE_REMOVED: [row._replace(cue_s=None)],
            K.CUE_CORRECTED: [row._replace(cue_s=200.0 * n + 3)], K.LABELS: [row._replace(labels=["L"])],
        }.get(edit, [row])  # type: ignore[arg-type] # fmt: skip
        stays = track(2 * n + 1, cue_s=200.0 * n + 100)
        old += [*before, stays]
        new += [*after, stays]
        expected[edit] += 1  # type: ignore[index]
    del expected[None]  # type: ignore[arg-type]
    stay = [j for j, row in enumerate(new) if row in old and row.is_known]
    for move in moves if len(stay) > 4 else ():
        j = stay[move % len(stay)]
        new.insert(0 if j > 1 else len(new) - 1, new.pop(j))
        expected[K.MOVED] += 1
    found = Counter(change.kind for change in compare(version(*old), version(*new)))
    assert found == +expected
