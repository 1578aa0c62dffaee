"""What came of an item: its status and its page together say it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from tlray.cli import run
from tlray.core.model.outcome import OutcomeKind
from tlray.core.scheduling.lease import LeasedItem
from tlray.io.http.response import Fetched, kind_of_status
from tlray.io.results.open_part import OpenPart
from tlray.io.results.rows import ItemKey
from tlray.io.worker.classify import read_page
from tlray.model import Identity, PageKind, ParsedPage, Track, TrackKind, Tracklist
from tlray.sites import registry
from tlray.sites.installed import parsers
from tlray.sites.interface import SiteParser

K = OutcomeKind
ITEM = LeasedItem(7, "b1", "made.test", "http://made.test/set/1", "made:1", 1)


def a_set() -> Tracklist:
    track = Track(index=1, number=1, kind=TrackKind.MAIN, artist="A", title="T", identity=Identity.IDENTIFIED,
                  cue_s=0.0, text="A - T")  # fmt: skip
    return Tracklist(
        url=ITEM.url, site="made", source_id="1", title="t", date=date(2026, 1, 1), djs=["A"], track_count=1,
        identified_count=1, cued_count=1, tracks=[track], parser="made/1",
    )  # fmt: skip


class Made(SiteParser):
    """Pages that say what they are: the body is a kind, and perhaps a reason."""

    name = "made"
    version = 1
    domains = frozenset({"made.test"})

    def canonical_url(self, url: str) -> str:
        return url

    def source_id(self, url: str) -> str | None:
        return None

    def recognises(self, head: str) -> bool:
        return False

    def parse(self, body: bytes, *, url: str = "", charset: str | None = None) -> ParsedPage:
        kind, _, reason = body.decode().partition(" ")
        return ParsedPage(
            PageKind(kind), reason or None, (a_set(), a_set()) if kind in ("tracklist", "unknown") else ()
        )


@pytest.fixture(autouse=True)
def made_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "shared", lambda: registry.Registry(Made(), *parsers()))


def fetched(body: str = "", status: int | None = 200, **values: object) -> Fetched:
    kind = kind_of_status(status) if status else K.CONNECT
    known = {
        "kind": kind,
        "reason": str(status) if kind else None,
        "has_page": bool(body),
        "n_bytes": len(body),
    }
    return Fetched(url=ITEM.url, started_at=1_000.0, latency_s=0.2, status=status, body=body.encode(),
                   wire_body=body.encode(), **{**known, **values})  # type: ignore[arg-type]  # fmt: skip


@pytest.mark.parametrize(
    ("page", "kind", "reason"),
    [
        # 2xx: the page has the word
        (fetched("tracklist"), K.FETCHED, None),
        (fetched("tracklist", 206), K.FETCHED, None),
        (fetched("blocked captcha"), K.BLOCKED, "captcha"),
        (fetched("gone"), K.GONE, None),
        (fetched("search"), K.NOT_A_SET, None),
        (fetched("unknown rows 5 of 7"), K.UNREADABLE, "rows 5 of 7"),
        (fetched("no kind at all"), K.UNREADABLE, "parser made failed: ValueError: 'no' is not a valid PageKind"),
        (fetched("", 204), K.UNREADABLE, "empty"),
        # a block wins over every status
        *((fetched("blocked wait", s), K.BLOCKED, "wait") for s in (401, 403, 404, 410, 429, 451, 500, 503, 999)),
        # but nothing else does: an error page may look like anything
        (fetched("tracklist", 404), K.GONE, "404"),
        (fetched("search", 403), K.FORBIDDEN, "403"),
        (fetched("unknown", 429), K.THROTTLED, "429"),
        (fetched("gone", 503), K.UNAVAILABLE, "503"),
        (fetched("tracklist", 400), K.REFUSED_BY_SITE, "400"),
        # without a page, what the network said
        (fetched("", 404), K.GONE, "404"),
        (fetched("", 503), K.UNAVAILABLE, "503"),
        (fetched("", None, reason="connection refused"), K.CONNECT, "connection refused"),
        (fetched("", 200, kind=K.TRUNCATED, reason="cut"), K.TRUNCATED, "cut"),
        # a redirect's body is nobody's page
        (fetched("blocked wait", 302, kind=K.REDIRECTED, location="http://b.test/"), K.REDIRECTED, "302"),
    ],
)  # fmt: skip
def test_status_and_page_give_one_outcome(page: Fetched, kind: K, reason: str | None) -> None:
    if page.kind is K.REDIRECTED:
        page = replace(page, reason="302")
    outcome, sets = read_page(ITEM, page)
    assert (outcome.item_id, outcome.kind, outcome.reason) == (7, kind, reason)
    assert bool(sets) == (kind is K.FETCHED)
    assert (outcome.n_sets, outcome.n_tracks) == ((2, 2) if sets else (0, 0))
    assert (outcome.status, outcome.location, outcome.n_bytes) == (page.status, page.location, page.n_bytes)


def test_a_page_on_which_a_parser_fails_is_the_same_in_a_scrape_and_in_parse(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = fetched("no kind at all")
    outcome, sets = read_page(ITEM, page)
    file = tmp_path / "page.html"
    file.write_bytes(page.body)
    assert run(["parse", str(file), "--url", ITEM.url]) == 3
    said = json.loads(capsys.readouterr().out)
    assert (said["kind"], said["reason"]) == ("unknown", outcome.reason)
    assert outcome.kind is K.UNREADABLE, "tried again, as a page that came by halves is"
    assert OpenPart("b1").add(ITEM, page, outcome, sets).raw is not None, (
        "and kept, to be read by a better parser"
    )


def test_a_page_of_no_known_site_is_unreadable() -> None:
    item = LeasedItem(1, "b1", "b.test", "http://b.test/", "f", 1)
    assert read_page(item, fetched("<html>"))[0].reason == "no parser"


def test_a_retry_after_is_handed_on_from_a_block_too() -> None:
    outcome, _ = read_page(ITEM, fetched("blocked wait", 503, retry_after_s=9.0))
    assert (outcome.kind, outcome.retry_after_s) == (K.BLOCKED, 9.0)


def test_a_set_is_dated_and_scored() -> None:
    _, sets = read_page(ITEM, fetched("tracklist"))
    assert sets[0].fetched_at == datetime.fromtimestamp(1_000, UTC)
    assert (sets[0].quality, sets[0].quality_issues) == (1.0, [])


# -- the part that it goes into


def test_a_part_takes_in_the_rows_and_the_page_and_says_where_it_lies() -> None:
    part, page = OpenPart("b1"), fetched("tracklist")
    outcome, sets = read_page(ITEM, page)
    first = part.add(ITEM, page, outcome, sets)
    second = part.add(ITEM, page, outcome, ())
    assert [key for key, _ in part.rows] == [ItemKey("b1", 7, "made:1")] * 2
    assert first.raw is not None
    assert second.raw is not None
    assert first.raw[0] > 0  # behind the record about the file itself
    assert second.raw[0] == sum(first.raw)
    assert part.pages.n_bytes == sum(second.raw)


@pytest.mark.parametrize(
    ("item", "page"), [(replace(ITEM, keeps_page=False), fetched("tracklist")), (ITEM, fetched("", 404))]
)
def test_a_page_that_is_not_kept_has_no_place(item: LeasedItem, page: Fetched) -> None:
    part = OpenPart("b1")
    outcome, sets = read_page(item, page)
    assert part.add(item, page, outcome, sets) == outcome
    assert len(part.rows) == len(sets)
    assert part.pages.n_bytes == 0


@pytest.mark.parametrize(
    ("peer", "url", "from_public"),
    [
        ("93.184.216.34", "http://made.test/1", True),
        ("2606:2800:220:1::1", "http://made.test/1", True),
        ("10.0.0.1", "http://made.test/1", False),  # an intranet's name
        ("fe80::1%eth0", "http://made.test/1", False),
        ("::ffff:93.184.216.34", "http://made.test/1", True),
        (None, "http://made.test/1", True),  # not known: a name may be somebody else's
        (None, "http://127.0.0.1/1", False),
    ],
)
def test_a_redirect_says_whether_a_public_address_made_it(
    peer: str | None, url: str, from_public: bool
) -> None:
    answer = fetched(status=302, kind=K.REDIRECTED, location="http://10.0.0.1/x", peer=peer)
    outcome, _ = read_page(ITEM, replace(answer, url=url))
    assert outcome.from_public is from_public
    assert not read_page(ITEM, fetched("tracklist", peer=peer))[0].from_public


def test_an_address_that_a_redirect_led_to_is_refused_with_that_reason() -> None:
    answer = fetched(status=None, kind=K.PRIVATE_ADDRESS, reason="not a public address")
    assert read_page(ITEM, answer)[0].reason == "not a public address"
    led = replace(ITEM, from_public=True)
    assert read_page(led, answer)[0].reason == "a redirect from a public address led to a private one"
