"""The parser against the demo site's invented sets, whose truth is made without looking at any page."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from tlray.demo import blocks
from tlray.demo.page import page_of
from tlray.demo.plan import Plan
from tlray.demo.rows import make_set
from tlray.demo.truth import truth_of
from tlray.model import PageKind
from tlray.sites.registry import parse_page

SEED, N = 23, 30
PLAN = Plan(seed=SEED, n_sets=N)


def test_every_field_of_every_invented_set_is_read_as_it_was_meant() -> None:
    for i in range(N):
        demo = make_set(SEED, i, PLAN.head(i))
        url = f"http://127.0.0.1:8765{PLAN.path(i)}"
        (found,) = parse_page(page_of(demo).encode(), url=url).tracklists
        read = asdict(found) | {"date": str(found.date)}
        meant = truth_of(demo, url=url)
        for track, wanted in zip(read.pop("tracks"), meant.pop("tracks"), strict=True):
            assert {key: track[key] for key in wanted} == wanted
        assert {key: read[key] for key in meant} == meant


@pytest.mark.parametrize("kind", ["wait", "turnstile", "ip-limit", "captcha", "decoy"])
def test_every_block_of_the_demo_site_is_named(kind: str) -> None:
    for i in range(10):
        _, body = blocks.block_page(kind, make_set(SEED, i, PLAN.head(i)))
        page = parse_page(body.encode(), url=f"http://127.0.0.1:8765{PLAN.path(i)}")
        assert (page.kind, page.reason) == (PageKind.BLOCKED, kind)
