"""A set, as far as sets of different sites are compared, and the blocks in which its candidates are looked for.

A track is a number: a hash of what its spellings have in common. A block is a number, too: sets that have one in common are
compared.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from itertools import pairwise
from typing import Final, NamedTuple
from zlib import crc32

from tlray.core.catalogue.names import JOINING, without_case, words

NO_NAME: Final = frozenset(
    {"original", "extended", "club", "radio", "mix", "edit", "version", "remix", "rework", "bootleg"}
)
"""Words of a title that one site prints and another leaves out."""
NO_PLACE: Final = frozenset({
    "a", "and", "at", "b2b", "by", "dj", "episode", "festival", "for", "from", "in", "live", "main", "mainstage", "mix", "of",
    "on", "pres", "radio", "session", "set", "show", "special", "stage", "the", "tracklist", "und", "y",
})  # fmt: skip
"""Words that tell no place from another."""
NUMBERED: Final = {
    "day": "day", "night": "night", "weekend": "weekend", "week": "week", "hour": "hour", "part": "part", "pt": "part",
    "volume": "volume", "vol": "volume", "episode": "episode", "ep": "episode", "stage": "stage", "room": "room",
}  # fmt: skip
"""Words that a number follows: ``Weekend 1`` is not ``Weekend 2``."""
SKETCH: Final = 8
"""So many pairs of neighbouring tracks stand for all of a set's."""
MAX_TRACKS: Final = 2_000
"""Of a longer list, the first ones count; the same of DJs and of words."""
MAX_CHARS: Final = 1_000
"""Of a title or a DJ."""
MAX_DJS: Final = 32
MAX_WORDS: Final = 200
MAX_DIGITS: Final = 6

_DROPPED: Final = frozenset(word.encode() for word in NO_NAME | JOINING)
_SPACES: Final = bytes(n if n >= 128 or chr(n).isalnum() or chr(n) == "\n" else 32 for n in range(256))
_GUESTS: Final = re.compile(rb"[(\[]?\b(?:feat|ft|featuring)\b[^(\[)\]\r\n]*[)\]]?")
_LARGEST: Final = 2**47 - 115
"""A prime: products of hashes are spread over the numbers below it. A database stores those in six bytes, and among 10^7 of them
hardly two are alike."""
_LEFT, _RIGHT = 1_181_783_497_276_652_981, 2_147_483_647_000_003


class Performance(NamedTuple):
    """A set."""

    site: str
    day: int | None
    """The day it was played, as `datetime.date.toordinal` counts."""
    djs: frozenset[str]
    """Their names, normalised; empty if the source has none."""
    places: frozenset[str]
    """Words of title, event and venue, without those of the DJs …"""
    numbered: frozenset[str]
    """… and those with a number: ``day 1``."""
    tracks: tuple[int, ...]
    """The named tracks, in their order."""


def performance(
    site: str,
    *,
    title: str,
    day: int | None,
    djs: Iterable[str],
    sources: Iterable[str],
    tracks: Iterable[tuple[str, str]],
) -> Performance:
    """Return a set for comparison; ``tracks`` are artist and title of its named rows, ``sources`` event, venue and show."""
    names = frozenset(
        list(dict.fromkeys(name for dj in djs if (name := " ".join(words(dj[:MAX_CHARS])))))[:MAX_DJS]
    )
    of_djs = {word for name in names for word in name.split()}
    texts = [words(text[:MAX_CHARS]) for text in (title, *sources)]
    found = {word for text in texts for word in text}
    places = sorted(w for w in found - of_djs - NO_PLACE if not _is_date(w))[:MAX_WORDS]
    numbers = dict.fromkeys(map(crc32, _track_keys(tracks)))
    numbers.pop(0, None)  # a track without a name
    numbered = sorted({name for text in texts for name in _numbered(text)})[:MAX_WORDS]
    return Performance(site, day, names, frozenset(places), frozenset(numbered), tuple(numbers)[:MAX_TRACKS])


def track_key(artist: str, title: str) -> bytes:
    """Return what spellings of one track have in common: its words in the order of the alphabet. Artists may stand in any
    order; who is featured, and the mix, may be left out."""
    return b" ".join(_track_keys([(artist, title)]))


def _track_keys(names: Iterable[tuple[str, str]]) -> Iterator[bytes]:
    """Yield the keys of tracks; all at once, as bytes, because a catalogue has millions."""
    text = "\n".join(f"{artist}\r{title}" for artist, title in names)
    if not text.isascii():
        text = "\n".join(line if line.isascii() else _without_marks(line) for line in text.split("\n"))
    plain = text.encode("utf-8", "replace").lower()
    if b"ft" in plain or b"feat" in plain:
        plain = _GUESTS.sub(b"", plain)
    for line in plain.translate(_SPACES, b"'").split(b"\n"):
        found = set(line.split())
        yield b" ".join(sorted(found - _DROPPED or found))


def _without_marks(line: str) -> str:
    """Return a line without accents and case, and with blanks for marks that are not ASCII."""
    plain = without_case(line).replace("’", "")
    return "".join(c if c.isascii() or c.isalnum() else " " for c in plain)


def blocks(one: Performance) -> list[int]:
    """Return the blocks under which a set is stored: its DJs on its day, and a sketch of its neighbouring tracks."""
    nights = [] if one.day is None else [_of_night(one.day, dj) for dj in sorted(one.djs)]
    pairs = {((a ^ b) * _LEFT + (a + b) * _RIGHT) % _LARGEST for a, b in pairwise(one.tracks)}
    return nights + sorted(pairs)[:SKETCH]  # sets that share many pairs share some of the smallest


def nights_beside(one: Performance) -> list[int]:
    """Return the further blocks that hold a set's candidates: its DJs on the day before and after."""
    if one.day is None:
        return []
    return [_of_night(day, dj) for dj in sorted(one.djs) for day in (one.day - 1, one.day + 1)]


def _of_night(day: int, dj: str) -> int:
    name = f"{day} {dj}".encode("utf-8", "replace")
    return int.from_bytes(blake2b(name, digest_size=8).digest()) % _LARGEST


def _numbered(text: Iterable[str]) -> Iterator[str]:
    """Yield the words of a text that have a number: ``day 1``."""
    for word, number in pairwise(text):
        if word in NUMBERED and number.isascii() and number.isdigit() and len(number) <= MAX_DIGITS:
            yield f"{NUMBERED[word]} {int(number)}"


def _is_date(word: str) -> bool:
    return word.isdigit() and (len(word) <= 2 or (len(word) == 4 and word[:2] in {"19", "20"}))
