"""Links of sets: what is the same performance, and what only looks like it."""

from __future__ import annotations

from collections import Counter
from itertools import combinations

import pytest

from benchmarks.performed_world import World
from tlray.core.linking.compare import compare, contradicts
from tlray.core.linking.groups import Link, best_first, groups, relations
from tlray.core.linking.performance import Performance, blocks, nights_beside, performance, track_key
from tlray.model import Identity, Tracklist


def as_performance(found: Tracklist) -> Performance:
    named = [(track.artist, track.title) for track in found.tracks if track.identity is Identity.IDENTIFIED]
    day = None if found.date is None else found.date.toordinal()
    return performance(
        found.site, title=found.title, day=day, djs=found.djs, sources=found.sources, tracks=named
    )


def links(sets: list[Performance]) -> tuple[list[Link], int]:
    """Return the links of sets, found block by block as they come, and how many pairs were compared."""
    stored: dict[int, list[int]] = {}
    found, n_pairs = [], 0
    for number, one in enumerate(sets):
        candidates = {i for block in [*blocks(one), *nights_beside(one)] for i in stored.get(block, ())}
        n_pairs += len(candidates)
        found += [
            Link(i, number, likeness.score, sets[i].site, one.site)
            for i in sorted(candidates)
            if (likeness := compare(sets[i], one)) is not None
        ]
        for block in blocks(one):
            stored.setdefault(block, []).append(number)
    return found, n_pairs


@pytest.mark.parametrize("seed", [1, 2])
def test_nearly_all_pages_of_a_performance_are_one_and_next_to_no_others(seed: int) -> None:
    pages = list(World(seed, n_performances=600).pages())
    sets = [as_performance(page.tracklist) for page in pages]
    found, n_pairs = links(sets)
    group_of = groups(best_first(found), lambda a, b: contradicts(sets[a], sets[b]))
    pairs = [
        pair for group in {id(g): g for g in group_of.values()}.values() for pair in combinations(group, 2)
    ]
    right = [pair for pair in pairs if pages[pair[0]].number == pages[pair[1]].number]
    n_true = sum(n * (n - 1) // 2 for n in Counter(page.number for page in pages).values())
    assert len(right) / len(pairs) >= 0.99, [pair for pair in pairs if pair not in right]
    assert len(right) / n_true >= 0.95, f"{len(right)} of {n_true}"
    assert n_pairs < 12 * len(pages)


LIST = [(f"Artist {n}", f"Track {n}") for n in range(12)]


def a_set(
    site: str = "a.test",
    *,
    title: str = "Vex @ Sunrise",
    day: int | None = 700,
    djs: tuple[str, ...] = ("Vex",),
    tracks: list[tuple[str, str]] | None = None,
) -> Performance:
    tracks = LIST if tracks is None else tracks
    return performance(site, title=title, day=day, djs=djs, sources=[], tracks=tracks)


def test_a_link_says_why() -> None:
    likeness = compare(a_set("b.test", title="VEX live at Sunrise 2024"), a_set())
    assert likeness is not None
    assert likeness.score == 1.0
    assert likeness.reasons == (
        "12 tracks in the same order, 100% of the shorter list",
        "the same day",
        "a common DJ",
        "the same event by name",
    )


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(a_set("a.test"), id="a set of the same site"),
        pytest.param(a_set("b.test", djs=("Nox",)), id="another DJ with the same list"),
        pytest.param(
            a_set("b.test", djs=("Vex b2b Nox",), tracks=LIST[:5] + [(f"New {n}", "x") for n in range(7)]),
            id="a b2b with some of the same tracks",
        ),
        pytest.param(a_set("b.test", day=707), id="the same list aired again, a week later"),
        pytest.param(
            a_set("b.test", day=701, title="Vex @ Moonrise", tracks=LIST[:7] + [(f"New {n}", "x") for n in range(5)]),
            id="a tour plays the same tracks on the next day",
        ),
        pytest.param(a_set("b.test", day=701, title="Vex @ Moonrise"), id="the same list elsewhere on the next day"),
        pytest.param(
            a_set("b.test", title="Vex @ Moonrise", tracks=LIST[:6] + [(f"New {n}", "x") for n in range(6)]),
            id="two shows of one day",
        ),
        pytest.param(a_set("b.test", djs=("Vex", "Nox"), tracks=[]), id="alone, and with another one"),
        pytest.param(a_set("b.test", tracks=[(f"New {n}", "x") for n in range(9)]), id="two sets of one day"),
        pytest.param(a_set("b.test", tracks=[], title="Vex"), id="nothing to compare"),
        pytest.param(a_set("b.test", day=None, djs=(), tracks=LIST[:3]), id="three tracks and nothing else"),
    ],
)  # fmt: skip
def test_what_only_looks_like_it_is_not_linked(other: Performance) -> None:
    assert compare(a_set(), other) is None
    assert compare(other, a_set()) is None


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        (a_set("b.test", tracks=[]), "the same event by name"),
        (a_set("b.test", day=701), "days next to each other"),
        (a_set("b.test", day=None, djs=(), title="untitled"), "12 tracks in the same order, 100% of the shorter list"),
        (a_set("b.test", title="Vex @ Sunrise Beach Ibiza Closing"), "the same event by name"),
        (a_set("b.test", title="Vex @ Moonrise, Sunset"), "a common DJ"),
        (a_set("b.test", title="Vexx @ Sunrise", djs=("Vexx",)), "a common DJ"),
        (a_set("b.test", title="Vex"), "the same day"),
        (a_set("b.test", djs=("Vex b2b Nox",)), "a common DJ"),
        (a_set("b.test", title="Nox and Vex @ Sunrise", djs=("Nox & Vex",)), "a common DJ"),
    ],
)  # fmt: skip
def test_one_thing_may_be_missing_or_other(other: Performance, reason: str) -> None:
    likeness = compare(a_set(), other)
    assert likeness is not None
    assert reason in likeness.reasons
    assert 0.3 < likeness.score <= 1.0


@pytest.mark.parametrize(
    ("one", "other", "are_one"),
    [
        ("Vex @ Sunrise, Weekend 1", "Vex @ Sunrise Weekend 2", False),
        ("Vex @ Sunrise Day 01", "Vex - Sunrise (day 1)", True),
        ("Vex @ Sunrise (pt. 1)", "Vex @ Sunrise Part 2", False),
        ("Vex @ Sunrise Day 1", "Vex @ Sunrise", True),
        ("Vex @ Sunrise Day 1, Stage 2", "Vex @ Sunrise Day 1, Stage 3", False),
        ("Vex @ Sunrise Days 1 and 2", "Vex @ Sunrise Day 2024-06-01", True),
    ],
)
def test_numbers_of_days_and_parts_tell_performances_apart(one: str, other: str, are_one: bool) -> None:
    half = LIST[:8] + [(f"New {n}", "x") for n in range(4)]
    assert (compare(a_set(title=one), a_set("b.test", title=other, tracks=half)) is not None) == are_one
    on_the_next_day = a_set("b.test", title=other, day=701)
    assert (compare(a_set(title=one), on_the_next_day) is not None) == are_one
    assert (
        compare(a_set(title=one), a_set("b.test", title=other)) is not None
    )  # the list says more than its number


def test_a_duo_is_one_name_or_two() -> None:
    both = a_set(djs=("Above & Beyond",)), a_set("b.test", djs=("Above", "Beyond"))
    assert compare(*both) is not None
    assert not contradicts(*both)
    assert compare(a_set(djs=("A",)), a_set("b.test", djs=("A-Trak",))) is None  # too short a name


def test_an_event_of_a_similar_name_is_said() -> None:
    likeness = compare(
        a_set(title="Vex @ Sunrise Beach Ibiza"), a_set("b.test", title="Vex @ Sunrise Club Paris")
    )
    assert likeness is not None
    assert "an event of a similar name" in likeness.reasons


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("Vex feat. Nox", "Dawn"), ("VEX", "Dawn (feat. Nox)")),
        (("Nox & Vex", "Dawn (Original Mix)"), ("Vex, Nox", "Dawn")),
        (("Beyoncé", "Déjà Vu"), ("Beyonce", "Deja Vu")),
        (("Don't", "Stop!"), ("Don’t", "Stop")),
        (("Владимир – Vex", "Ночь"), ("VEX, ВЛАДИМИР", "Ночь!")),
        (("Vex ft Nox", "Daft Feature"), ("Vex", "Daft Feature")),
    ],
)
def test_spellings_of_one_track_have_one_key(one: tuple[str, str], other: tuple[str, str]) -> None:
    assert track_key(*one) == track_key(*other)


def test_what_a_hostile_page_names_is_bounded() -> None:
    one = a_set(
        title=" ".join(f"w{n}" for n in range(5_000)),
        djs=tuple(f"DJ {n}" for n in range(5_000)),
        tracks=[("A", f"T{n}") for n in range(5_000)],
    )
    assert (len(one.djs), len(one.places) <= 200, len(one.tracks)) == (32, True, 2_000)
    assert len([*blocks(one), *nights_beside(one)]) <= 3 * 32 + 8


def test_a_name_of_nothing_but_common_words_keeps_them() -> None:
    assert track_key("Mix", "Remix") == b"mix remix"
    assert track_key("!!!", "?") == b""
    assert a_set(tracks=[("", ""), ("A", "B"), ("A", "B")]).tracks == a_set(tracks=[("A", "B")]).tracks


def test_sets_without_a_day_are_found_by_their_tracks() -> None:
    one, other = a_set(day=None), a_set("b.test", day=None, djs=())
    assert set(blocks(one)) & set(blocks(other))
    assert nights_beside(one) == []


def test_a_performance_has_one_set_of_a_site_the_surest() -> None:
    """1 and 2 are of site a, 3 of site b, 4 of c: 3 is like both, and belongs to the one that it is more like."""
    found = groups(
        best_first(
            [
                Link(1, 3, 0.8, "a", "b"),
                Link(2, 3, 0.9, "a", "b"),
                Link(3, 4, 0.7, "b", "c"),
                Link(2, 4, 0.6, "a", "c"),
            ]
        ),
        lambda _a, _b: False,
    )
    assert sorted(found[3]) == [2, 3, 4]
    assert found[2] is found[4]
    assert found[1] == [1]


def test_sets_that_contradict_each_other_are_in_no_group_whatever_a_third_one_is_like() -> None:
    links_of = [Link(1, 2, 0.9, "a", "b"), Link(2, 3, 0.8, "b", "c")]
    found = groups(links_of, lambda a, b: {a, b} == {1, 3})
    assert (found[1], found[2], found[3]) == ([1, 2], [1, 2], [3])


@pytest.mark.parametrize(
    ("other", "is_impossible"),
    [
        (a_set("b.test", day=703), True),
        (a_set("b.test", djs=("Nox",)), True),
        (a_set("b.test", djs=("Vexx",), day=701), False),
        (a_set("b.test", djs=(), day=None, tracks=[]), False),
    ],
)
def test_other_djs_and_other_days_are_a_contradiction(other: Performance, is_impossible: bool) -> None:
    assert contradicts(a_set(), other) is is_impossible


def test_a_set_is_related_with_others_directly_or_through_the_surest_of_them() -> None:
    scores = {(1, 2): 0.9, (2, 3): 0.8, (1, 4): 0.5, (3, 4): 0.6, (2, 4): 0.95}
    scores |= {(b, a): score for (a, b), score in scores.items()}
    assert relations(1, [1, 2, 3, 4], scores) == {2: (0.9, None), 3: (0.8, 2), 4: (0.5, None)}
    assert relations(1, [], scores) == {}
