"""Are the invented pages what they claim to be? Checked with selectolax alone: no parser of ours is asked."""

from __future__ import annotations

import gzip
import hashlib
import re
import statistics
import subprocess
import sys
from itertools import pairwise
from typing import Any

import pytest
from selectolax.lexbor import LexborHTMLParser

from tlray.demo import blocks
from tlray.demo.bodies import compress
from tlray.demo.page import page_of
from tlray.demo.plan import Plan, id_in_path
from tlray.demo.rows import make_set
from tlray.demo.sets import GENERATIONS, SHAPES, DemoSet
from tlray.demo.truth import truth_of

N = 80
PLAN = Plan(seed=7, n_sets=N, n_sites=3)


def tree_of(page: str | bytes) -> Any:
    """Parse; Any, because selectolax says None of everything and a test may fail on that."""
    return LexborHTMLParser(page)


def demo_set(i: int, seed: int = 7) -> DemoSet:
    plan = Plan(seed=seed, n_sets=max(N, i + 1))
    return make_set(seed, i, plan.head(i))


@pytest.fixture(scope="module")
def world() -> list[tuple[DemoSet, dict[str, Any], LexborHTMLParser, bytes]]:
    made = []
    for i in range(N):
        demo = demo_set(i)
        body = page_of(demo).encode()
        made.append((demo, truth_of(demo), LexborHTMLParser(body), body))
    return made


def test_the_same_seed_gives_the_same_bytes_in_another_process() -> None:
    program = """
import hashlib
from tlray.demo.bodies import compress
from tlray.demo.page import page_of
from tlray.demo.plan import Plan
from tlray.demo.rows import make_set
plan = Plan(seed=7, n_sets=80)
pages = [compress(page_of(make_set(7, i, plan.head(i))).encode()) for i in range(12)]
print(hashlib.sha256(b"".join(pages)).hexdigest())
"""
    here = hashlib.sha256(b"".join(compress(page_of(demo_set(i)).encode()) for i in range(12))).hexdigest()
    environment = {"PYTHONHASHSEED": "77", "PYTHONPATH": ":".join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True, env=environment
    )
    assert done.stdout.strip() == here


def test_another_seed_gives_another_world() -> None:
    assert page_of(demo_set(3, seed=7)) != page_of(demo_set(3, seed=8))


def test_every_row_of_the_truth_is_on_the_page_and_no_other(world: Any) -> None:
    for demo, truth, tree, _ in world:
        tab = tree.css_first("#tlTab")
        assert (
            int(tab.attributes["data-count"]) == truth["track_count"] == len(tree.css("#tlTab > div.tlpItem"))
        )
        kinds = {
            "mashup_part": len(tree.css(".tlpItem.tlpSubTog")),
            "with": len(tree.css(".tlpItem.tlpTog.con")),
            "main": len(tree.css(".tlpItem.tlpTog:not(.con)")),
        }
        for kind, n in kinds.items():
            assert n == sum(track["kind"] == kind for track in truth["tracks"]), (demo.head.set_id, kind)


def test_a_cue_is_shown_where_the_truth_has_one(world: Any) -> None:
    for demo, truth, tree, _ in world:
        shown = [row.css_first(".cue") for row in tree.css(".tlpItem")]
        hidden = [
            row.css_first("input[id$=_cue_seconds]").attributes["value"] for row in tree.css(".tlpItem")
        ]
        for place, (track, cue, seconds) in enumerate(zip(truth["tracks"], shown, hidden, strict=True)):
            if cue is None:
                assert track["kind"] == "mashup_part"
            elif not cue.text().strip():
                assert track["cue_s"] is None or (place == 0 and track["cue_s"] == 0)
            else:
                assert _seconds(cue.text()) == track["cue_s"] == float(seconds), demo.head.set_id


def _seconds(clock: str) -> int:
    total = 0
    for part in clock.split(":"):
        total = total * 60 + int(part)
    return total


def test_num_tracks_is_a_trap(world: Any) -> None:
    claims = [
        (int(tree.css_first("#tlTab > meta[itemprop=numTracks]").attributes["content"]), truth["track_count"])
        for _, truth, tree, _ in world
    ]
    assert all(claimed >= rows for claimed, rows in claims)
    assert any(claimed > rows for claimed, rows in claims)


def test_every_generation_and_every_shape_comes_up(world: Any) -> None:
    assert {demo.head.generation for demo, *_ in world} == set(GENERATIONS)
    assert {demo.head.shape for demo, *_ in world} == set(SHAPES)
    assert any(demo.head.is_reserialised for demo, *_ in world)


def test_the_difficult_cases_are_all_there(world: Any) -> None:
    truths = [truth for _, truth, _, _ in world]
    tracks = [track for truth in truths for track in truth["tracks"]]
    assert {track["identity"] for track in tracks} == {"identified", "id", "id_title", "id_remix"}
    assert any(len(track["labels"]) > 2 for track in tracks)
    assert any(track["title"].startswith(first) for first in "=+@-" for track in tracks)
    assert any('"' in track["title"] for track in tracks)
    assert any(max(t["number"] or 0 for t in truth["tracks"]) > 99 for truth in truths)
    assert any((truth["duration_s"] or 0) > 99 * 60 for truth in truths)
    assert any(truth["cued_count"] == 0 for truth in truths)
    assert any(truth["page_id"] != truth["source_id"] for truth in truths)
    assert {1, 2} <= {
        track["recording"] for truth in truths if len(truth["recordings"]) == 2 for track in truth["tracks"]
    }


def test_a_name_is_cut_at_255_characters_and_shown_whole(world: Any) -> None:
    cut = [
        (row, track)
        for _, truth, tree, _ in world
        for row, track in zip(tree.css(".tlpItem"), truth["tracks"], strict=True)
        if (name := row.css_first("meta[itemprop=name]")) is not None
        and len(name.attributes["content"]) == 255
    ]
    assert cut
    for row, track in cut:
        assert len(track["artist"]) + 3 + len(track["title"]) > 255
        assert track["artist"][:40] in row.css_first(".trackValue").text()
        assert track["artist"][:40] not in track["text"]


def test_times_restart_with_the_second_player() -> None:
    truth = truth_of(demo_set(SHAPES.index("two-players")))
    starts = [(track["recording"], track["cue_s"]) for track in truth["tracks"] if track["cue_s"] is not None]
    assert any(before[0] != after[0] and after[1] < before[1] for before, after in pairwise(starts))
    assert {track["section"] for track in truth["tracks"]} == {"Player 1", "Player 2"}


def test_pages_are_of_real_size(world: Any) -> None:
    sizes = [len(body) for *_, body in world]
    wire = [len(compress(body)) for *_, body in world]
    rows = [truth["track_count"] for _, truth, _, _ in world]
    assert 280_000 < statistics.mean(sizes) < 340_000
    assert 36_000 < statistics.mean(wire) < 60_000
    assert min(rows) == 12
    assert max(rows) == 130


def test_nothing_on_a_page_is_fetched_from_a_stranger(world: Any) -> None:
    for *_, body in world[:20]:
        loaded = re.findall(rb'<(?:script|iframe|img)[^>]+\bsrc="(https?://[^"/]+)', body)
        assert {
            host for host in loaded if not host.endswith((b".invalid", b"//cdn.1001tracklists.com"))
        } == set()


def test_ids_are_computed_and_undone_again() -> None:
    plan = Plan(seed=3, n_sets=1_000_000, n_sites=5)
    ids = {plan.set_id(i) for i in range(20_000)}
    assert len(ids) == 20_000
    assert all(plan.index_of(plan.set_id(i)) == i for i in (0, 1, 777_777, 999_999))
    assert all(re.fullmatch(r"[0-9a-z]{8}", set_id) for set_id in ids)
    assert plan.index_of("zzzzzzzz") is None
    assert plan.index_of("not-an-id!") is None
    assert id_in_path(plan.path(5)) == plan.set_id(5)
    assert re.fullmatch(r"/tracklist/[0-9a-z]{8}/[a-z0-9.-]+-\d{4}-\d\d-\d\d\.html", plan.path(5))


@pytest.mark.parametrize("kind", blocks.BLOCKS)
def test_a_block_has_no_rows_unless_it_is_a_decoy(kind: str) -> None:
    status, page = blocks.block_page(kind, demo_set(0))
    assert status == {"turnstile": 206, "captcha": 401}.get(kind, 200)
    assert bool(tree_of(page).css("#tlTab .tlpItem")) == (kind == "decoy")


def test_a_decoy_contradicts_itself_in_every_row() -> None:
    demo = demo_set(0)
    tree = tree_of(blocks.block_page("decoy", demo)[1])
    rows = [row for row in tree.css(".tlpItem") if row.css_first("meta[itemprop=byArtist]") is not None]
    assert len(rows) == sum(row.credit is not None for row in demo.rows)
    for row in rows:
        stranger = row.css_first("meta[itemprop=byArtist]").attributes["content"]
        assert not row.css_first("meta[itemprop=name]").attributes["content"].startswith(stranger)
        assert stranger in row.css_first(".trackValue").text()


def test_a_page_cut_short_still_claims_all_its_rows() -> None:
    tree = tree_of(page_of(demo_set(0), n_rows=5))
    assert len(tree.css(".tlpItem")) == 5 < int(tree.css_first("#tlTab").attributes["data-count"])


def test_compressed_pages_carry_no_time_of_their_making() -> None:
    assert compress(b"x" * 100) == compress(b"x" * 100)
    assert gzip.decompress(compress(b"x" * 100)) == b"x" * 100
