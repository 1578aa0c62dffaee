"""What is on a page of 1001tracklists? From its bytes to its set, or to why it is none.

The order of the questions: can it be read at all; does it have rows (then it is a tracklist, whatever scripts of a block it
carries); are they all there; are they real. Whatever is not known for certain is `UNKNOWN` with a reason:
a half tracklist is never a tracklist. Everything read from the page is in the files beside this one.
"""

from __future__ import annotations

from typing import NamedTuple

from selectolax.lexbor import LexborHTMLParser, SelectolaxError

from tlray.model import Identity, PageKind, ParsedPage, Tracklist
from tlray.sites.bombs import is_bomb
from tlray.sites.decode import to_utf8
from tlray.sites.tracklists1001 import urls
from tlray.sites.tracklists1001.decoy import is_decoy
from tlray.sites.tracklists1001.head import read_head
from tlray.sites.tracklists1001.kind import NOT_A_SET, kind_without_rows
from tlray.sites.tracklists1001.names import CUT_AT
from tlray.sites.tracklists1001.players import duration_s, find_players
from tlray.sites.tracklists1001.rows import Row, read_row
from tlray.sites.tracklists1001.table import Table, find_table
from tlray.sites.tracklists1001.tracks import tracks_of

SITE_NAME = "1001tracklists"
VERSION = "1001tracklists/1"

MAX_BYTES = 16 * 2**20
"""Larger pages are not parsed: the largest seen has 116 rows and 0.9 MB."""

MAX_ROWS = 5_000
"""More rows than that are no DJ set."""

_OPENS_WITHIN = 4096


class _Page(NamedTuple):
    tree: LexborHTMLParser
    data: bytes
    url: str


def parse_page(body: bytes, *, url: str, charset: str | None) -> ParsedPage:
    """Say what kind of page it is and read its set. See `SiteParser.parse`."""
    if len(body) > MAX_BYTES:
        return _unknown("too large")
    data = to_utf8(body, charset)
    if data is None:
        return _unknown("encoding")
    if not data.strip():
        return _unknown("empty")
    if is_bomb(data):
        return _unknown("nested too deep")
    try:
        page = _Page(LexborHTMLParser(data), data, url)
    except SelectolaxError:
        return _unknown("not HTML")
    table = find_table(page.tree, data)
    is_cut = _is_cut(data, table)
    if not table.rows and table.claimed is None:
        return kind_without_rows(page.tree, data, is_cut=is_cut)
    return _unknown(why) if (why := _why_incomplete(table, data, is_cut=is_cut)) else _read_set(page, table)


def _read_set(page: _Page, table: Table) -> ParsedPage:
    rows = _rows(table)
    if is_decoy(_names_and_artists(rows)):
        return ParsedPage(PageKind.BLOCKED, "decoy")
    players = find_players(page.tree, page.data)
    tracks = tracks_of(rows, players)
    if len(tracks) < len(rows):
        return _unknown(f"row {len(tracks) + 1} of {len(rows)} has no name")
    head = read_head(page.tree, table)
    in_url = urls.source_id(page.url) or urls.id_in_path(page.url)
    tracklist = Tracklist(
        url=page.url,
        site=SITE_NAME,
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
        track_count=len(tracks),
        identified_count=sum(track.identity is Identity.IDENTIFIED for track in tracks),
        cued_count=sum(track.cue_s is not None for track in tracks),
        tracks=tracks,
        parser=VERSION,
    )
    return ParsedPage(PageKind.TRACKLIST, tracklists=(tracklist,))


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


def _why_incomplete(table: Table, data: bytes, *, is_cut: bool) -> str | None:
    n_rows = len(table.rows)
    if table.claimed is not None and table.claimed != str(n_rows):
        return f"rows {n_rows} of {table.claimed[:12]}"
    if n_rows == 0:
        return "no rows"
    if n_rows > MAX_ROWS:
        return "too large"
    if is_cut:
        return "truncated"
    if table.claimed is None and not _opens_a_document(data):
        return NOT_A_SET  # loose rows: nothing says whether they are all
    return None


def _is_cut(data: bytes, table: Table) -> bool:
    """Whether the page's end is missing: a document that is opened must be closed, after its last row.

    The site closes every page, and so does every browser that saves one, but for the SingleFile
    extension, which drops end tags; there ``#tl_save`` after the rows must do. A fragment must close its ``div``.
    """
    if not _opens_a_document(data):
        return data.count(b"<div") > data.count(b"</div")
    end = max(data.rfind(b"</html"), data.rfind(b"</HTML"))
    if end < 0 and b"SingleFile" in data[:_OPENS_WITHIN]:
        return not table.has_end
    return end < data.rfind(b"tlpItem", end if end > 0 else 0)


def _opens_a_document(data: bytes) -> bool:
    return b"<html" in data[:_OPENS_WITHIN].lower()


def _unknown(reason: str) -> ParsedPage:
    return ParsedPage(PageKind.UNKNOWN, reason)
