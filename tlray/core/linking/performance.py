"""A set, as far as sets of different sites are compared, and the blocks in which its candidates are looked for.

A track is a number: a hash of what its spellings have in common. A block is a number, too: sets that have one in common are
compared.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from hashlib import blake2b
from heapq import nsmallest
from itertools import pairwise
from typing import Final, NamedTuple
from zlib import crc32

from tlray.core.catalogue.names import words

NO_NAME: Final = frozenset(
    {"original", "extended", "club", "radio", "mix", "edit", "version", "remix", "rework", "bootleg"}
)
"""Words of a title that one site prints and another leaves out."""
NO_PLACE: Final = frozenset({
    "a", "and", "at", "b2b", "by", "dj", "episode", "festival", "for", "from", "in", "live", "main", "mainstage", "mix", "of",
    "on", "pres", "radio", "session", "set", "show", "special", "stage", "the", "tracklist", "und", "y",
})  # fmt: skip
"""Words that tell no place from another."""
SKETCH: Final = 8
"""So many pairs of neighbouring tracks stand for all of a set's."""
MAX_TRACKS: Final = 2_000
"""Of a longer list, the first ones count; the same of DJs and of words."""
MAX_DJS: Final = 32
MAX_WORDS: Final = 200

_GUESTS: Final = re.compile(r"[(\[]?\b(?:feat|ft|featuring)\b[^(\[)\]]*[)\]]?", re.IGNORECASE)
_LARGEST: Final = 2**61 - 1
"""A prime: products of hashes are spread over the numbers below it, which a database takes."""
_LEFT, _RIGHT = 1_181_783_497_276_652_981, 2_147_483_647_000_003


class Performance(NamedTuple):
    """A set."""

    site: str
    day: int | None
    """The day it was played, as `datetime.date.toordinal` counts."""
    djs: frozenset[str]
    """Their names, normalised; empty if the source has none."""
    places: frozenset[str]
    """Words of title, event and venue, without those of the DJs."""
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
    names = frozenset(list(dict.fromkeys(name for dj in djs if (name := " ".join(words(dj)))))[:MAX_DJS])
    of_djs = {word for name in names for word in name.split()}
    found = {word for text in (title, *sources) for word in words(text)}
    places = sorted(w for w in found - of_djs - NO_PLACE if not _is_date(w))[:MAX_WORDS]
    numbers = dict.fromkeys(track_number(artist, name) for artist, name in tracks)
    numbers.pop(crc32(b""), None)
    return Performance(site, day, names, frozenset(places), tuple(numbers)[:MAX_TRACKS])


@lru_cache(maxsize=65_536)
def track_number(artist: str, title: str) -> int:
    """Return a track's number; of one without a name, that of an empty text."""
    return crc32(track_key(artist, title).encode("utf-8", "replace"))


def track_key(artist: str, title: str) -> str:
    """Return what spellings of one track have in common: its words in the order of the alphabet. Artists may stand in any
    order; who is featured, and the mix, may be left out."""
    found = {*words(_GUESTS.sub("", artist)), *words(_GUESTS.sub("", title))}
    return " ".join(sorted(found - NO_NAME or found))


def blocks(one: Performance) -> Iterator[int]:
    """Yield the blocks under which a set is stored: its DJs on its day, and a sketch of its neighbouring tracks."""
    if one.day is not None:
        yield from (_of_night(one.day, dj) for dj in sorted(one.djs))
    yield from _sketch(one.tracks)


def candidate_blocks(one: Performance) -> Iterator[int]:
    """Yield the blocks that hold its candidates: also those of the day before and after."""
    yield from blocks(one)
    if one.day is not None:
        yield from (_of_night(day, dj) for dj in sorted(one.djs) for day in (one.day - 1, one.day + 1))


def _of_night(day: int, dj: str) -> int:
    name = f"{day} {dj}".encode("utf-8", "replace")
    return int.from_bytes(blake2b(name, digest_size=8).digest()) % _LARGEST


def _sketch(tracks: Sequence[int]) -> list[int]:
    """Return the smallest hashes of all pairs of neighbours: sets that share many pairs share some of these."""
    pairs = {
        (min(one, other) * _LEFT + max(one, other) * _RIGHT) % _LARGEST for one, other in pairwise(tracks)
    }
    return nsmallest(SKETCH, pairs)


def _is_date(word: str) -> bool:
    return word.isdigit() and (len(word) <= 2 or (len(word) == 4 and word[:2] in {"19", "20"}))
