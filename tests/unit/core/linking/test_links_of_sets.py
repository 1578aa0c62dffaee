"""Links of sets: what is the same performance, and what only looks like it."""

from __future__ import annotations

from itertools import combinations

import pytest
from made_performances import SITES, World

from tlray.core.linking.compare import Link, compare
from tlray.core.linking.performance import Performance, blocks, candidate_blocks, performance, track_key


def links(sets: list[Performance]) -> tuple[list[Link], int]:
    """Return the links of sets, found block by block as they come, and how many pairs were compared."""
    stored: dict[str, list[int]] = {}
    found, n_pairs = [], 0
    for number, one in enumerate(sets):
        candidates = {i for block in candidate_blocks(one) for i in stored.get(block, ())}
        n_pairs += len(candidates)
        found += [link for i in sorted(candidates) if (link := compare(sets[i], one))]
        for block in blocks(one):
            stored.setdefault(block, []).append(number)
    return found, n_pairs


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_nearly_all_pages_of_a_performance_are_linked_and_next_to_no_others(seed: int) -> None:
    world = World(seed)
    played = world.performances(300)
    pages = [(n, world.page(one, site)) for n, one in enumerate(played) for site in SITES]
    of = {(page.site, page.source_id): n for n, page in pages}
    world.r.shuffle(pages)
    found, n_pairs = links([page for _, page in pages])
    true = {
        frozenset([(a.site, a.source_id), (b.site, b.source_id)])
        for (i, a), (j, b) in combinations(pages, 2)
        if i == j
    }
    right = [link for link in found if frozenset([link.one, link.other]) in true]
    assert len(right) / len(found) >= 0.99, [link for link in found if link not in right]
    assert len(right) / len(true) >= 0.95, f"{len(right)} of {len(true)}"
    assert n_pairs < 12 * len(pages)
    assert all(of[link.one] == of[link.other] for link in right)


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
    return performance(site, site[0], title=title, day=day, djs=djs, sources=[], tracks=tracks)


def test_a_link_names_both_sets_and_why() -> None:
    link = compare(a_set("b.test", title="VEX live at Sunrise 2024"), a_set())
    assert link is not None
    assert (link.one, link.other, link.score) == (("a.test", "a"), ("b.test", "b"), 1.0)
    assert link.reasons == (
        "12 tracks in the same order, 100% of the shorter list",
        "the same day",
        "a common DJ",
        "the same event by name",
    )


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(a_set("b.test", djs=("Nox",)), id="another DJ with the same list"),
        pytest.param(a_set("b.test", day=707), id="the same show a week later"),
        pytest.param(
            a_set("b.test", day=701, title="Vex @ Moonrise", tracks=LIST[:7] + [(f"New {n}", "x") for n in range(5)]),
            id="a tour plays the same tracks on the next day",
        ),
        pytest.param(a_set("b.test", tracks=[(f"New {n}", "x") for n in range(9)]), id="two sets of one day"),
        pytest.param(a_set("b.test", tracks=[], title="Vex"), id="nothing to compare"),
        pytest.param(a_set("b.test", day=None, djs=(), tracks=LIST[:3]), id="three tracks and nothing else"),
    ],
)  # fmt: skip
def test_what_only_looks_like_it_is_not_linked(other: Performance) -> None:
    assert compare(a_set(), other) is None


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        (a_set("b.test", tracks=[]), "the same event by name"),
        (a_set("b.test", day=701), "days next to each other"),
        (a_set("b.test", day=None, djs=(), title="untitled"), "12 tracks in the same order, 100% of the shorter list"),
        (a_set("b.test", title="Vex @ Sunrise Beach Ibiza Closing"), "the same event by name"),
        (a_set("b.test", title="Vex @ Moonrise, Sunset"), "a common DJ"),
    ],
)  # fmt: skip
def test_one_thing_may_be_missing_or_other(other: Performance, reason: str) -> None:
    link = compare(a_set(), other)
    assert link is not None
    assert reason in link.reasons
    assert 0.3 < link.score <= 1.0


def test_an_event_of_a_similar_name_is_said() -> None:
    link = compare(
        a_set(title="Vex @ Sunrise Beach Ibiza"), a_set("b.test", title="Vex @ Sunrise Club Paris")
    )
    assert link is not None
    assert "an event of a similar name" in link.reasons


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("Vex feat. Nox", "Dawn"), ("VEX", "Dawn (feat. Nox)")),
        (("Nox & Vex", "Dawn (Original Mix)"), ("Vex, Nox", "Dawn")),
        (("Beyoncé", "Déjà Vu"), ("Beyonce", "Deja Vu")),
    ],
)
def test_spellings_of_one_track_have_one_key(one: tuple[str, str], other: tuple[str, str]) -> None:
    assert track_key(*one) == track_key(*other)


def test_a_name_of_nothing_but_common_words_keeps_them() -> None:
    assert track_key("Mix", "Remix") == "mix remix"
    assert track_key("", "") == ""


def test_sets_without_a_day_are_found_by_their_tracks() -> None:
    one, other = a_set(day=None), a_set("b.test", day=None, djs=())
    assert set(blocks(one)) & set(candidate_blocks(other))
