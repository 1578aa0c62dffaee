"""The parser of 1001tracklists: from a page's bytes to its set, or to the reason why it has none.

The order of the questions: can it be read at all; does it have rows (then it is a tracklist, whatever scripts
of a block it carries); are they all there; are they real. Whatever is not known for certain is `UNKNOWN`
with a reason: a half tracklist is never a tracklist. How each thing is read is in the files beside this one.
"""

from __future__ import annotations

from typing import NamedTuple

from selectolax.lexbor import LexborDocumentOptions, LexborHTMLParser

from tlray.core.model.tracklists import make_set
from tlray.model import PageKind, ParsedPage, Tracklist
from tlray.sites.bombs import is_bomb
from tlray.sites.decode import REPLACEMENT, decode
from tlray.sites.tracklists1001 import urls
from tlray.sites.tracklists1001.completeness import is_cut_off, why_incomplete
from tlray.sites.tracklists1001.decoy import SUSPECTED, foreign_rows
from tlray.sites.tracklists1001.head import read_head
from tlray.sites.tracklists1001.kind import NOT_A_SET, kind_without_rows
from tlray.sites.tracklists1001.names import CUT_AT
from tlray.sites.tracklists1001.players import duration_s, find_players
from tlray.sites.tracklists1001.rows import Row, read_row
from tlray.sites.tracklists1001.table import Table, find_table
from tlray.sites.tracklists1001.tracks import tracks_of

MAX_BYTES = 16 * 2**20
"""Larger pages are not parsed: the largest seen has 116 rows and 0.9 MB."""


class _Page(NamedTuple):
    tree: LexborHTMLParser
    data: bytes
    url: str
    n_bad: int
    """How many byte sequences of the page were not of its encoding."""


def parse_page(body: bytes, *, url: str, charset: str | None) -> ParsedPage:
    """Say what kind of page it is and read its set. See `SiteParser.parse`."""
    if len(body) > MAX_BYTES:
        return _unknown("too large")
    data, n_bad = decode(body, charset)
    if not data.strip():
        return _unknown("empty")
    if is_bomb(data):
        return _unknown("nested too deep")
    # without events: with an event for each <option>, a long <select> takes quadratic time
    tree = LexborHTMLParser(data, options=LexborDocumentOptions.WO_EVENTS)
    return _parse_html(_Page(tree, data, url, n_bad))


def _parse_html(page: _Page) -> ParsedPage:
    table = find_table(page.tree, page.data)
    is_cut = is_cut_off(page.data, table)
    if not table.rows and table.claimed is None:
        found = kind_without_rows(page.tree, page.data, is_cut=is_cut, url=page.url)
        return _unknown("encoding") if page.n_bad and found.reason == NOT_A_SET else found
    why = why_incomplete(page.data, table, is_cut=is_cut)
    return _unknown(why) if why else _read_set(page, table)


def _read_set(page: _Page, table: Table) -> ParsedPage:
    rows = _rows(table)
    foreign = foreign_rows(_names_and_artists(rows))
    if foreign.is_decoy:
        return ParsedPage(PageKind.BLOCKED, "decoy")
    players = find_players(page.tree, page.data)
    tracks = tracks_of(rows, players)
    if len(tracks) < len(rows):
        return _unknown(f"row {len(tracks) + 1} of {len(rows)} has no name")
    head = read_head(page.tree, table)
    in_url = urls.source_id(page.url) or urls.id_in_path(page.url)
    tracklist = make_set(
        tracks,
        url=page.url,
        site=urls.SITE_NAME,
        source_id=in_url or urls.id_in_path(head.page_url) or table.page_id,
        page_url=head.page_url,
        page_id=table.page_id,
        title=head.title,
        date=head.date,
        djs=head.djs,
        sources=head.sources,
        genres=head.genres,
        is_live=head.is_live,
        duration_s=duration_s(page.tree, page.data),
        recordings=players.recordings,
        parser=urls.VERSION,
        media_type="text/html",
        quality_issues=[SUSPECTED] if foreign.n > 1 else [],
    )
    if page.n_bad:
        if _is_garbled(table, tracklist):
            return _unknown("encoding")
        tracklist.quality_issues.append(f"{page.n_bad} unreadable character{'s' * (page.n_bad > 1)}")
    return ParsedPage(PageKind.TRACKLIST, tracklists=(tracklist,))


def _is_garbled(table: Table, tracklist: Tracklist) -> bool:
    """True if what could not be decoded stands in a row, or in anything that was read of the page."""
    return REPLACEMENT in repr(tracklist) or any(REPLACEMENT in (row.html or "") for row, *_ in table.rows)


def _rows(table: Table) -> list[Row]:
    rows = []
    for node, section, player in table.rows:
        row = read_row(node)
        row.section, row.player = section, player
        rows.append(row)
    return rows


def _names_and_artists(rows: list[Row]) -> list[tuple[str, str, str]]:
    """What the decoy check compares: rows of today's form that name both, and whose name is not cut."""
    return [
        (row.metas["name"], row.metas["byArtist"], row.metas.get("url", ""))
        for row in rows
        if not row.is_old and "byArtist" in row.metas and len(row.metas.get("name", "x" * CUT_AT)) < CUT_AT
    ]


def _unknown(reason: str) -> ParsedPage:
    return ParsedPage(PageKind.UNKNOWN, reason)
