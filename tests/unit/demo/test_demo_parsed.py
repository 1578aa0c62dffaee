"""Does our parser read off every invented page what is true of it? Two people read the markup here."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from tlray.demo import blocks
from tlray.demo.page import page_of
from tlray.demo.plan import Plan
from tlray.demo.rows import make_set
from tlray.demo.sets import GENERATIONS, DemoSet
from tlray.demo.truth import truth_of
from tlray.sites.registry import parse_page

BASE = "http://127.0.0.1:8000"
PLAN = Plan(seed=11, n_sets=3000)
BY_GENERATION: dict[str, list[int]] = {generation: [] for generation in GENERATIONS}
for _i in range(PLAN.n_sets):
    BY_GENERATION[PLAN.head(_i).generation].append(_i)


def demo_set(i: int) -> DemoSet:
    return make_set(PLAN.seed, i, PLAN.head(i))


def parsed(page: str, demo: DemoSet) -> Any:
    return parse_page(page.encode(), url=BASE + demo.head.path)


@pytest.mark.parametrize("n_pages", [12, pytest.param(200, marks=pytest.mark.slow)])
@pytest.mark.parametrize("generation", GENERATIONS)
def test_pages_of_each_age_are_read_field_for_field(generation: str, n_pages: int) -> None:
    for i in BY_GENERATION[generation][:n_pages]:
        demo = demo_set(i)
        truth = truth_of(demo, url=BASE + demo.head.path)
        result = parsed(page_of(demo), demo)
        assert result.kind == "tracklist", (i, result.reason)
        read = dataclasses.asdict(result.tracklists[0])
        read["date"] = read["date"] and read["date"].isoformat()
        for track, expected in zip(read["tracks"], truth["tracks"], strict=True):
            assert {name: track[name] for name in expected} == expected, i
        del truth["tracks"]
        assert {name: read[name] for name in truth} == truth, i


@pytest.mark.parametrize("kind", blocks.BLOCKS)
def test_every_block_is_called_by_its_name(kind: str) -> None:
    for i in range(8):
        demo = demo_set(i)
        result = parsed(blocks.block_page(kind, demo)[1], demo)
        assert (result.kind, result.reason, result.tracklists) == ("blocked", kind, ()), i


def test_other_pages_are_no_tracklists() -> None:
    demo = demo_set(0)
    heads = [PLAN.head(i) for i in range(30)]
    assert parsed(blocks.gone_page(demo.head.path), demo).kind == "gone"
    assert parsed(blocks.search_page("anything", heads), demo).kind == "search"
    assert parsed(blocks.search_page("anything", []), demo).kind == "search"
    assert parsed(blocks.home_page(), demo).kind == "unknown"


def test_half_a_page_is_unknown_and_says_how_many_rows_are_missing() -> None:
    demo = demo_set(0)
    result = parsed(page_of(demo, n_rows=5), demo)
    assert (result.kind, result.reason) == ("unknown", f"rows 5 of {len(demo.rows)}")
