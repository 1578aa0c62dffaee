"""The parts of an invented DJ set.

The parts of which both the truth (`truth.py`) and the page (`page.py`) are put together, each in its
own way: neither is made from the other. `rows.py` invents the rows, this file the set around them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random

from tlray.demo import names
from tlray.demo.names import page_id, seeded, slug

SITE_URL = "https://www.1001tracklists.com"

SHAPES = (
    "plain", "uncued", "plain", "opening", "two-players", "plain", "guest-mix", "plain", "giant", "plain",
    "awkward", "plain", "small", "long-name", "plain", "unknowns", "opening", "other-id", "no-player",
    "two-players",
)  # fmt: skip
"""What is special about set ``i``: ``SHAPES[i % 20]``.

``uncued`` has no cue at all; ``opening`` an empty first cue; ``two-players`` times that restart;
``giant`` 130 rows, over 99 of them numbered, over 99 minutes; ``awkward`` only difficult names;
``long-name`` a name cut at 255 characters; ``unknowns`` mostly IDs; ``other-id`` a page that gives
another id than its URL; ``no-player`` cues without any recording.
"""

NAME_COLUMN = 255
"""How many characters of a track's name the site keeps: of a longer one it cuts off the head."""

GENERATIONS = ("G1", "G1b", "G2a", "G2b")
"""Ages of the markup, see ``page.py``."""


@dataclass(slots=True, kw_only=True)
class Credit:
    """Who made a track and what it is called, in parts."""

    artists: list[str]
    joiners: list[str]
    """What stands between the artists: one fewer than they are."""
    featuring: list[str] = field(default_factory=list)
    title: str
    remixer: str | None = None
    mix: str | None = None
    country: str | None = None
    """Shown in ``byArtist`` only: ``Storm (DE)``."""
    co_producer: str | None = None
    """Shown in the visible title only, and in no export."""
    stranger: str | None = None
    """In a decoy: who is shown in the artists' stead."""


def whole_name(credit: Credit) -> str:
    """Print a credit on one line: ``A & B ft. C - Title (D Remix)``."""
    artist = credit.artists[0]
    for joiner, name in zip(credit.joiners, credit.artists[1:], strict=True):
        artist += joiner + name
    featuring = " ft. " + " & ".join(credit.featuring) if credit.featuring else ""
    return f"{artist}{featuring} - {whole_title(credit)}"


def whole_title(credit: Credit) -> str:
    """Print a credit's title with its mix: ``Title (D Remix)``."""
    mix = " ".join(filter(None, (credit.remixer, credit.mix)))
    return f"{credit.title} ({mix})" if mix else credit.title


@dataclass(slots=True, kw_only=True)
class Label:
    """A label as a row shows it: ``ASOT``, or with its parent ``ASOT (ARMADA)``."""

    short: str
    full: str
    page: str
    parent: Label | None = None


@dataclass(slots=True, kw_only=True)
class Row:
    """One row of a set, before it becomes truth or markup."""

    kind: str
    number: int
    """The shown number of the position, shared by its w/ rows and parts."""
    trno: int
    """0-based, with gaps: the site counts positions that are not on the page."""
    position_id: int
    identity: str
    credit: Credit | None = None
    """None for ``ID - ID``."""
    qualifiers: list[str] = field(default_factory=list)
    labels: list[Label] = field(default_factory=list)
    track_id: str | None = None
    media_id: int | None = None
    duration_s: int | None = None
    genres: list[str] = field(default_factory=list)
    artwork_url: str | None = None
    cue_s: int | None = None
    n_parts: int = 0
    """How many parts the mashup has; 0 for a row that is none."""
    heading: str | None = None
    """The text row right before it, ``Player 2`` or ``Guest Mix``."""
    notes: list[str] = field(default_factory=list)
    """Text rows and suggestions before it that are no part of the set."""
    player: int = 1


@dataclass(slots=True, kw_only=True)
class Recording:
    """One player of the page."""

    media_id: str
    duration_s: int
    source: int = 13
    """13 is YouTube, 10 SoundCloud, 2 Apple Music."""


@dataclass(slots=True, kw_only=True)
class SetHead:
    """All of a set but its rows."""

    set_id: str
    page_id: str
    shape: str
    generation: str
    djs: list[str]
    is_live: bool
    sources: list[str]
    played: date
    pieces: list[tuple[str, str]]
    """The heading in order: ("dj" | "source" | "text", words)."""
    is_reserialised: bool
    """Saved from a browser: blanks stand around every piece of text in the rows."""
    genres: list[str]

    @property
    def title(self) -> str:
        """The set's title as the page prints it."""
        return "".join(words for _, words in self.pieces)

    @property
    def path(self) -> str:
        """The path of the set's page."""
        return f"/tracklist/{self.set_id}/{slug(self.title)}.html"


@dataclass(slots=True, kw_only=True)
class DemoSet:
    """An invented set."""

    head: SetHead
    numeric_id: int
    recordings: list[Recording]
    others: list[Recording]
    """Players of other sources, which the rows do not count in."""
    duration_s: int | None
    rows: list[Row]
    n_positions: int
    """What ``numTracks`` claims: rows and gaps."""


def make_head(seed: int, i: int, set_id: str) -> SetHead:
    """Invent who played where and when, for set ``i`` of ``seed``."""
    rng = seeded("head", seed, i)
    shape = SHAPES[i % len(SHAPES)]
    djs = [names.artist(rng) for _ in range(2 if rng.random() < 0.15 else 1)]
    if shape == "awkward":
        djs = [rng.choice(names.AWKWARD_ARTISTS)]
    played = date(2021, 1, 1) + timedelta(days=rng.randrange(2000))
    is_live = rng.random() < 0.65
    pieces: list[tuple[str, str]] = []
    for dj in djs:
        pieces += [("text", " & ")] * bool(pieces) + [("dj", dj)]
    pieces += _live(rng, played) if is_live else _radio(rng, played)
    generation = GENERATIONS[rng.randrange(4)]
    return SetHead(
        set_id=set_id, page_id=page_id(rng) if shape == "other-id" else set_id, shape=shape,
        generation=generation, djs=djs, is_live=is_live,
        sources=[words for kind, words in pieces if kind == "source"], played=played, pieces=pieces,
        genres=names.some(rng, names.GENRES, 3),
        is_reserialised=generation == "G1" and rng.random() < 0.4,
    )  # fmt: skip


def _live(rng: Random, played: date) -> list[tuple[str, str]]:
    pieces = [
        ("text", f" @ {names.stage(rng)}, " if rng.random() < 0.6 else " @ "),
        ("source", names.event(rng)),
    ]
    if rng.random() < 0.3:
        pieces += [("text", ", "), ("source", names.event(rng))]
    weekend = " Weekend 1" if rng.random() < 0.2 else ""
    return [*pieces, ("text", f"{weekend}, {rng.choice(names.COUNTRIES)[0]} {played.isoformat()}")]


def _radio(rng: Random, played: date) -> list[tuple[str, str]]:
    pieces = [("text", " - "), ("source", names.show(rng))]
    if rng.random() < 0.25:  # two dates: the last is the day it was played
        earlier = played - timedelta(days=rng.randrange(1, 300))
        venue = names.event(rng)
        return [
            *pieces,
            ("text", " ("),
            ("source", venue),
            ("text", f", Germany {earlier.isoformat()}) {played.isoformat()}"),
        ]
    return [*pieces, ("text", f" {rng.randrange(1, 999)} {played.isoformat()}")]
