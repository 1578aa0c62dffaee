"""Which page misbehaves, and when does a site turn a visitor away? Decisions only: nothing is served here."""

from __future__ import annotations

import json
import zlib
from functools import partial
from pathlib import Path

import pytest

from tlray.demo.arrivals import Arrival, Arrivals, read_log
from tlray.demo.bodies import BodyCache, bomb
from tlray.demo.faults import CATALOGUE, MIX, Faults, fault, parse_faults
from tlray.demo.guard import Block, BlockGuard, RateGuard, parse_block
from tlray.demo.plan import Plan
from tlray.demo.robots import robots_txt
from tlray.demo.static import write_static

IDS = Plan(n_sets=4000).ids()


def test_shares_are_kept_and_the_choice_is_the_same_every_time() -> None:
    faults = parse_faults("429=0.1,404=0.05", seed=3)
    chosen = [one.name if (one := faults.of(set_id)) else None for set_id in IDS]
    assert 0.08 < chosen.count("429") / len(IDS) < 0.12
    assert 0.035 < chosen.count("404") / len(IDS) < 0.065
    again = parse_faults("429=0.1,404=0.05", seed=3)
    twice = [one.name if (one := again.of(set_id)) else None for set_id in IDS]
    assert chosen == twice


def test_ids_that_are_named_come_before_shares() -> None:
    faults = Faults((fault("404", 1.0), fault("hang", ids=[IDS[5]])))
    named = faults.of(IDS[5])
    assert named is not None
    assert named.name == "hang"


def test_a_bare_share_is_spread_over_the_mixture() -> None:
    faults = parse_faults("0.2")
    names = [one.name for set_id in IDS if (one := faults.of(set_id))]
    assert set(names) == set(MIX)
    assert 0.17 < len(names) / len(IDS) < 0.23


def test_value_and_times_can_be_said() -> None:
    slow, reset, stays = parse_faults("slow@0.1-2=0.2,reset:3=0.01,500:always=0.1").faults
    assert (slow.value, slow.times, slow.share) == ("0.1-2", None, 0.2)
    assert (reset.times, reset.value) == (3, "")
    assert stays.times is None


@pytest.mark.parametrize("text", ["flood=0.1", "429=often", "429=1.5", "nonsense"])
def test_a_fault_that_cannot_be_read_is_named_in_the_error(text: str) -> None:
    with pytest.raises(ValueError, match=text.split("=", maxsplit=1)[0]):
        parse_faults(text)


def test_every_fault_of_the_catalogue_can_be_made() -> None:
    for name, about in CATALOGUE.items():
        made = fault(name, 0.5)
        assert (made.times, made.value) == (about.times, about.value)


def test_the_rate_guard_lets_a_polite_visitor_pass_and_no_other() -> None:
    guard = RateGuard(rate=2.0)
    assert [guard.retry_after_s(now=n * 0.5) for n in range(5)] == [0] * 5
    assert guard.retry_after_s(now=2.1) == pytest.approx(0.4)
    assert guard.n_refused == 1


def test_the_rate_guard_bears_a_burst() -> None:
    guard = RateGuard(rate=1.0, burst=3)
    assert [guard.retry_after_s(now=10.0) for _ in range(3)] == [0] * 3
    assert guard.retry_after_s(now=10.0) > 0


def test_a_block_begins_after_so_many_pages_and_ends() -> None:
    guard = BlockGuard(Block("ip-limit", after=2, lasts_s=60))
    assert [guard.is_blocked(now=t) for t in (0, 1, 2, 61, 62.1, 63, 64)] == [
        False,
        False,
        True,
        True,
        False,
        False,
        True,
    ]


def test_a_block_is_read_from_text() -> None:
    assert parse_block("captcha:10:2.5") == Block("captcha", 10, 2.5)
    for wrong in ("captcha", "flood:1:2", "captcha:x:2"):
        with pytest.raises(ValueError, match="write KIND"):
            parse_block(wrong)


def test_the_bomb_is_small_on_the_wire_and_expands_for_ever() -> None:
    wire = bomb(2.0)
    assert len(wire) < 3_000_000
    tap = zlib.decompressobj(31)
    assert len(tap.decompress(wire, 50_000_000)) == 50_000_000


def test_the_cache_keeps_within_its_bound() -> None:
    cache = BodyCache(max_bytes=100)
    for i in range(10):
        assert cache.get(("page", i), partial(bytes, [i] * 30)) == bytes([i]) * 30
    assert cache.n_bytes <= 100
    made: list[int] = []
    cache.get(("page", 9), lambda: made.append(1) or b"")  # type: ignore[func-returns-value]
    assert not made


def test_robots_txt_says_what_its_name_promises() -> None:
    assert b"Crawl-delay: 0.5" in robots_txt("crawl-delay=0.5").body
    assert b"Disallow: /tracklist/abc/\n" in robots_txt("allow", disallowed=["abc"]).body
    assert robots_txt("503").status == 503
    assert len(robots_txt("huge").body) > 3_000_000
    assert robots_txt("redirect").location == "/elsewhere/robots.txt"
    assert robots_txt("redirect", "/elsewhere/robots.txt").status == 200
    with pytest.raises(UnicodeDecodeError):
        robots_txt("latin-1").body.decode()
    with pytest.raises(ValueError, match="no robots"):
        robots_txt("perhaps")


def test_arrivals_outlive_the_one_who_wrote_them(tmp_path: Path) -> None:
    log = tmp_path / "arrivals.jsonl"
    arrivals = Arrivals(log)
    arrivals.add(Arrival(1.0, 2.0, 0, "h", "GET", "/tracklist/a/b.html", 200, "", "tlray", 3))
    assert len(read_log(log)) == 1  # not closed, not flushed by hand
    with log.open("a", encoding="utf-8") as file:
        file.write('{"at_s": 1.')
    assert read_log(log) == list(arrivals)
    assert arrivals.max_in_flight == {0: 3}
    arrivals.close()


def test_static_files_are_what_the_server_would_serve(tmp_path: Path) -> None:
    plan = write_static(tmp_path, n_sets=3, seed=5, bases=["http://127.0.0.1:9"])
    urls = (tmp_path / "urls.txt").read_text().splitlines()
    assert urls == ["http://127.0.0.1:9" + plan.path(i) for i in range(3)]
    assert all((tmp_path / (plan.path(i).lstrip("/") + ".gz")).stat().st_size > 20_000 for i in range(3))
    truth = json.loads((tmp_path / "truth" / f"{plan.set_id(1)}.json").read_text())
    assert truth["url"] == urls[1]
