"""The data model: DJ sets, their tracks, and the kinds of pages.

Every other module uses these shapes. They are plain data: no parsing, no storage, no Ray. The field names are public (JSON keys
and Parquet columns); seconds are floats and end in ``_s``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum


class TrackKind(StrEnum):
    """The kind of a row in the set."""

    MAIN = "main"
    WITH = "with"
    """Played together with the row before it (the site prints ``w/``)."""
    MASHUP_PART = "mashup_part"
    """One ingredient of a mashup; its ``parent`` is the mashup's row."""


class Identity(StrEnum):
    """The identity of a track, as far as it is known."""

    IDENTIFIED = "identified"
    ID = "id"
    """Nothing: ``ID - ID``."""
    ID_TITLE = "id_title"
    """The artist is known, the title is not: ``Max Styler - ID``."""
    ID_REMIX = "id_remix"
    """An unknown remix of a known track."""


class CuePrecision(StrEnum):
    """The precision of a track's ``cue_s``."""

    SECOND = "second"
    """The source gives seconds, or better."""
    MINUTE = "minute"
    """The source gives minutes: the track begins somewhere in that minute."""
    ESTIMATE = "estimate"
    """The source calls it an estimate, or a program computed it."""
    LOGGED = "logged"
    """From the clock of a log, not from a recording."""
    UNKNOWN = "unknown"
    """There is no cue, or its precision is unknown."""


Day = date
"""A field of `Tracklist` is called ``date`` too."""

# Track and Tracklist are mutable only because a frozen dataclass costs three times as much to
# make, and a page makes a hundred of them; nothing changes one after its parser has returned it.


@dataclass(slots=True, kw_only=True)
class Track:
    """One row of a set."""

    index: int
    """1.. over all rows, mashup parts included."""
    number: int | None
    """The number that the page shows; None for ``w/`` rows and mashup parts."""
    kind: TrackKind
    parent: int | None = None
    """``index`` of the row that this one belongs to; None for main rows."""
    section: str | None = None
    """The heading above the row (``Guest Mix``, ``Player 2``)."""
    recording: int | None = None
    """The recording of ``cue_s``: 1.., the player's number."""
    cue_s: float | None = None
    """Start within the recording, in seconds; None if the page has none. Never invented."""
    cue_precision: CuePrecision = CuePrecision.UNKNOWN
    cue_text: str | None = None
    """The cue as the source writes it: ``1:02:03``, ``[08:45]``, ``23``."""
    played_at: datetime | None = None
    """The moment at which it was played, if the source is a log."""
    artist: str
    title: str
    """Mix name included: ``Purpose (Extended Mix)``."""
    labels: list[str] = field(default_factory=list)
    catalogue_number: str | None = None
    """The label's number of the release: ``DRUMCODE 12``."""
    identity: Identity
    track_id: str | None = None
    track_url: str | None = None
    duration_s: float | None = None
    genres: list[str] = field(default_factory=list)
    artwork_url: str | None = None
    media_id: str | None = None
    text: str
    """The whole line as the site's own text export prints it, without time and number; NFC."""


@dataclass(slots=True, kw_only=True)
class Tracklist:
    """One DJ set. The scrape task fills in ``fetched_at`` and ``quality``."""

    url: str
    """The item's URL, canonicalised ("" for a page read from a file without ``--url``)."""
    site: str
    source_id: str | None
    page_url: str | None = None
    """The page's own URL, by itself."""
    page_id: str | None = None
    """The page's own id, by itself; now and then another than ``source_id``."""
    title: str
    date: Day | None = None
    """The day it was played."""
    djs: list[str] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    """Event, venue, show."""
    genres: list[str] = field(default_factory=list)
    is_live: bool | None = None
    duration_s: float | None = None
    recordings: list[str] = field(default_factory=list)
    """Media ids (of YouTube, mostly), in the order of the players."""
    track_count: int
    """All rows, mashup parts included."""
    identified_count: int
    cued_count: int
    tracks: list[Track]
    quality: float | None = None
    """0..1, see ``core/model/quality.py``."""
    quality_issues: list[str] = field(default_factory=list)
    parser: str
    """The parser that read the page: ``1001tracklists/1``."""
    published: Day | None = None
    """The day of publication, if that is not the day it was played."""
    licence: str | None = None
    """Of the text: ``CC-BY-SA-3.0-US``."""
    attribution: str | None = None
    """The name to credit."""
    revision: str | None = None
    """The source's own version of the page."""
    media_type: str | None = None
    """Its media type: ``text/html``, ``application/x-cue``."""
    fetched_at: datetime | None = None


class PageKind(StrEnum):
    """The kind of a fetched page."""

    TRACKLIST = "tracklist"
    BLOCKED = "blocked"
    """The site says "not you, not now": a wait page, a captcha, an IP limit, a decoy."""
    GONE = "gone"
    """The site says that there is no such page."""
    SEARCH = "search"
    """A list of search results."""
    UNKNOWN = "unknown"
    """Any other page, a half tracklist included. Never stored as a set."""


@dataclass(frozen=True, slots=True)
class FoundSet:
    """A set that a page lists, without its tracks."""

    url: str
    title: str


@dataclass(frozen=True, slots=True)
class ParsedPage:
    """A parser's result: the kind of page, the reason, and its sets (none unless it is a tracklist)."""

    kind: PageKind
    reason: str | None = None
    """A short stable word (``wait``, ``turnstile``, ``ip-limit``, ``captcha``, ``decoy``), or a few words (``rows 50 of 72``)."""
    tracklists: tuple[Tracklist, ...] = ()
    found: tuple[FoundSet, ...] = ()
    """The sets that it lists: a category, results of a search, the episodes of a show."""
    next_url: str | None = None
    """Where the list goes on."""
