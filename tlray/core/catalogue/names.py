"""Names of tracks, normalised for comparison: without case, accents and punctuation, and without joining words."""

from __future__ import annotations

import unicodedata
from difflib import SequenceMatcher
from functools import lru_cache
from typing import Final

from tlray.core.catalogue.version import Row
from tlray.model import Identity

JOINING: Final = frozenset({"and", "feat", "featuring", "ft", "vs", "with", "x", "pres", "presents"})
"""Words between artists that a site changes without meaning another track."""
SIMILAR: Final = 0.8
"""Two names are one, spelt in two ways, from this share of equal characters on …"""
MAX_CHARS: Final = 200
"""… in the beginning of both."""
_ASCII: Final = {n: None if chr(n) == "'" else " " for n in range(128) if not chr(n).isalnum()}


OF_A_SCRIPT: Final = 200
"""Marks of a lower combining class are letters' own in their script: the voicing of kana, the nukta of Hindi."""


@lru_cache(maxsize=65_536)
def folded(text: str) -> str:
    """Return a name as it is compared with other spellings: without case, accents and invisible characters; single blanks."""
    if text.isascii():
        return " ".join(text.lower().split())
    plain = (
        char
        for char in unicodedata.normalize("NFKD", text.casefold())
        if unicodedata.combining(char) < OF_A_SCRIPT and unicodedata.category(char) != "Cf"
    )
    return " ".join(unicodedata.normalize("NFC", "".join(plain)).replace("’", "'").split())


@lru_cache(maxsize=65_536)
def words(text: str) -> tuple[str, ...]:
    """Return the words of a name. A name without letters and digits is one word, itself."""
    plain = without_case(text)
    if plain.isascii():
        found = plain.translate(_ASCII).split()
    else:
        found = "".join(c if c.isalnum() else " " for c in plain.replace("'", "").replace("’", "")).split()
    kept = tuple(word for word in found if word not in JOINING)
    return kept or tuple(found) or ((plain.strip(),) if plain.strip() else ())


def without_case(text: str) -> str:
    """Return a name without case and accents."""
    if text.isascii():  # most are, and this takes a tenth of the time
        return text.lower()
    return "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))


def key(row: Row) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return what two rows of the same name have in common."""
    return words(row.artist), words(row.title)


def is_blank(row: Row) -> bool:
    """True if nothing is known of a track: ``ID - ID``."""
    return row.identity == Identity.ID


def fits(unknown: Row, row: Row) -> bool:
    """True if what is known of an unknown track is true of ``row``, too."""
    if is_blank(unknown):
        return True
    artist, title = (set(of) - {"id"} for of in key(unknown))
    of_artist, of_title = (set(of) for of in key(row))
    return artist <= of_artist and (title - {"remix", "edit", "mashup", "bootleg"}) <= of_title


def similar(one: Row, other: Row) -> bool:
    """True if two names may be spellings of one track: artist or title is the same and the other shares a word, or they share a
    word and nearly all characters of both."""
    (artist, title), (other_artist, other_title) = key(one), key(other)
    in_artist, in_title = bool(set(artist) & set(other_artist)), bool(set(title) & set(other_title))
    if (artist == other_artist and in_title) or (title == other_title and in_artist):
        return True
    if not (in_artist or in_title):
        return False
    return _near(artist, other_artist) and _near(title, other_title)


def _near(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """True if nearly all characters are the same."""
    matcher = SequenceMatcher(None, " ".join(one)[:MAX_CHARS], " ".join(other)[:MAX_CHARS], autojunk=False)
    return bool(one == other or (matcher.quick_ratio() >= SIMILAR and matcher.ratio() >= SIMILAR))
