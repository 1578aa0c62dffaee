"""Invented names of artists, tracks, labels and venues.

All of it is invented: syllables and everyday words, put together by a seeded generator. A share of
the names is awkward on purpose, because real ones are: other scripts, combining accents, quotes,
ampersands, and titles that a spreadsheet would take for a formula.
"""

from __future__ import annotations

import random
import re
import unicodedata
from collections.abc import Sequence

_HEADS = [
    "Bra", "Cel", "Dro", "Eka", "Fen", "Gal", "Hul", "Iri", "Jor", "Kas", "Lum", "Mor", "Nev", "Ost", "Pel",
    "Quo", "Ril", "Sol", "Tam", "Ulv", "Vex", "Wen", "Yar", "Zim",
]  # fmt: skip
_TAILS = [
    "ax", "bello", "cato", "den", "etta", "fisk", "gren", "holm", "ino", "ka", "lund", "mira", "nox", "oro",
    "pard", "quist", "rova", "skar", "tine", "umbra", "vane", "wick", "yo", "zell",
]  # fmt: skip
_ADJECTIVES = [
    "Amber", "Blind", "Copper", "Distant", "Electric", "Faded", "Golden", "Hollow", "Inner", "Jagged",
    "Kinder", "Liquid", "Midnight", "Nameless", "Open", "Paper", "Quiet", "Restless", "Silver", "Tidal",
    "Upper", "Velvet", "Winter", "Young",
]  # fmt: skip
_NOUNS = [
    "Anchor", "Basement", "Cathedral", "Delay", "Engine", "Ferry", "Garden", "Harbour", "Island",
    "Junction", "Kitchen", "Lantern", "Meridian", "Needle", "Orbit", "Pendulum", "Quarry", "Rooftop",
    "Signal", "Turbine", "Umbrella", "Vapour", "Window", "Yard",
]  # fmt: skip
_VERBS = [
    "Bring Me", "Carry", "Don't Leave", "Feel", "Follow", "Give Me", "Hold", "Lose", "Remember", "Turn Off",
]  # fmt: skip

AWKWARD_ARTISTS = [
    "夜明けの鯨", "Морской Ветер", "نجمة الصباح", "Café Ünderground", "DJ \"Quote\" Marlow", "Sløw & Stéady",
    "Z\u00fcri K\u00f6nig", "O'Fallow", "<Angle>", "Naïve Ⅻ", "サンゴ礁", "Ёлка-Палка", "Ńøvä",
]  # fmt: skip
AWKWARD_TITLES = [
    "=SUM(A1:A9)", "=HYPERLINK(\"http://demo.invalid\",\"x\")", "+1 Night", "@ Home", "-5 Degrees",
    "\"Quoted\"", "Rise & Fall", "東京の朝", "Белая Ночь", "قمر", "Cafe\u0301 del Norte",
    "Re\u0301sume\u0301",
    "A < B > C", "50% Off; Really", "Part One - Reprise", "Semi;Colon, Comma", "Back\\slash",
    "It's 5 O'Clock", "{Curly} [Square]",
]  # fmt: skip

GENRES = [
    "Mainstage", "Trance", "Techno", "House", "Tech House", "Melodic House/Techno", "Progressive House",
    "Drum & Bass", "Dance / Electro Pop", "Bass House", "Electronica", "Breaks", "Afro House",
]  # fmt: skip
COUNTRIES = [
    ("Belgium", "be"), ("Netherlands", "nl"), ("Germany", "de"), ("United Kingdom", "uk"),
    ("Croatia", "hr"), ("Japan", "jp"), ("Chile", "cl"), ("United States", "us"), ("Georgia", "ge"),
]  # fmt: skip
MIXES = ["Extended Mix", "Original Mix", "Dub", "VIP Mix", "Radio Edit", "Club Mix", "Instrumental Mix"]
REMIXES = ["Remix", "Edit", "Bootleg", "Rework", "Mashup", "Flip"]
EDITS = ["(Intro Edit)", "(Acappella)", "(Piano Version)", "(Outro Edit)", "(Live Edit)"]
HEADINGS = [
    "Guest Mix",
    "First Set:",
    "Second Set:",
    "Track Of The Week:",
    "Encore",
    "Chapter 2",
    "Ωmega Hour",
]
_EVENTS = ["Festival", "Open Air", "Weekender", "Gathering", "Sessions", "Carnival"]
_SHOWS = ["Radio", "Podcast", "Transmission", "Club Hours", "Mixtape", "Broadcast"]
_STAGES = ["Harbour Stage", "Glass Tent", "Main Field", "Pine Stage", "Boiler House", "Rooftop Terrace"]
_ENDS = ["Recordings", "Records", "Music", "Sounds", "Trax"]


def seeded(*parts: object) -> random.Random:
    """Make the generator that belongs to ``parts``: equal parts, equal numbers, on every machine."""
    return random.Random("/".join(map(str, parts)))  # noqa: S311 - made-up names, not secrets


def artist(rng: random.Random) -> str:
    """Name an artist; about one in fourteen is awkward."""
    if rng.random() < 0.07:
        return rng.choice(AWKWARD_ARTISTS)
    form = rng.randrange(6)
    word = rng.choice(_HEADS) + rng.choice(_TAILS)
    if form == 0:
        return word.upper()
    if form == 1:
        return f"DJ {word}"
    if form == 2:
        return f"{word} {rng.choice(_HEADS)}{rng.choice(_TAILS)}"
    if form == 3:
        return f"{rng.choice(_ADJECTIVES)} {rng.choice(_NOUNS)}s"
    return word


def title(rng: random.Random) -> str:
    """Name a track, mix name not included; about one in sixteen is awkward."""
    if rng.random() < 0.06:
        return rng.choice(AWKWARD_TITLES)
    form = rng.randrange(4)
    noun = rng.choice(_NOUNS)
    if form == 0:
        return f"{rng.choice(_VERBS)} The {noun}"
    if form == 1:
        return f"{rng.choice(_ADJECTIVES)} {noun}"
    if form == 2:
        return f"{noun} {rng.randrange(1, 100)}"
    return f"{rng.choice(_ADJECTIVES)} {noun} Of {rng.choice(_NOUNS)}s"


def label(rng: random.Random) -> tuple[str, str]:
    """Name a label: as its row prints it (capitals), and in full."""
    word = (
        f"{rng.choice(_ADJECTIVES)} {rng.choice(_NOUNS)}"
        if rng.random() < 0.5
        else rng.choice(_HEADS) + rng.choice(_TAILS)
    )
    return word.upper(), f"{word} {rng.choice(_ENDS)}"


def event(rng: random.Random) -> str:
    """Name a festival or a venue."""
    return f"{rng.choice(_HEADS)}{rng.choice(_TAILS)} {rng.choice(_EVENTS)}"


def show(rng: random.Random) -> str:
    """Name a radio show."""
    return f"{rng.choice(_ADJECTIVES)} {rng.choice(_NOUNS)} {rng.choice(_SHOWS)}"


def stage(rng: random.Random) -> str:
    """Name a stage of a festival."""
    return rng.choice(_STAGES)


def some(rng: random.Random, pool: Sequence[str], most: int) -> list[str]:
    """Choose one to ``most`` different entries of ``pool``."""
    return rng.sample(list(pool), rng.randint(1, most))


_NOT_SLUG = re.compile(r"[^a-z0-9.]+")


def slug(text: str) -> str:
    """Fold ``text`` to what stands in the site's URLs: lower-case ASCII and hyphens."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower().replace("'", "")
    return _NOT_SLUG.sub("-", plain).strip("-") or "x"


_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def base36(number: int) -> str:
    """Write a number as the site writes its ids."""
    digits = ""
    while number:
        number, rest = divmod(number, 36)
        digits = _DIGITS[rest] + digits
    return digits or "0"


def page_id(rng: random.Random) -> str:
    """Invent an id of a track, an artist or a label."""
    return base36(rng.randrange(36**5, 2 * 36**7))
