"""A set, as far as sets of different sites are compared, and the blocks in which its candidates are looked for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from hashlib import blake2b
from heapq import nsmallest
from itertools import pairwise
from typing import Final, NamedTuple

from tlray.core.catalogue.names import words

NO_NAME: Final = frozenset(
    {"original", "extended", "club", "radio", "mix", "edit", "version", "remix", "rework", "bootleg"}
)
"""Words of a title that one site prints and another leaves out."""
NO_PLACE: Final = frozenset({
    "a", "at", "by", "dj", "episode", "festival", "for", "from", "in", "live", "main", "mainstage", "mix", "of", "on", "pres",
    "radio", "session", "set", "show", "special", "stage", "the", "tracklist", "und", "y",
})  # fmt: skip
"""Words that tell no place from another."""
SKETCH: Final = 12
"""So many pairs of neighbouring tracks stand for all of a set's."""


_GUESTS: Final = re.compile(r"[(\[]?\b(?:feat|ft|featuring)\b[^(\[)\]]*[)\]]?", re.IGNORECASE)


class Performance(NamedTuple):
    """A set."""

    site: str
    source_id: str
    day: int | None
    """The day it was played, as `datetime.date.toordinal` counts."""
    djs: frozenset[str]
    """Their names, normalised; empty if the source has none."""
    places: frozenset[str]
    """Words of title, event and venue, without those of the DJs."""
    tracks: tuple[str, ...]
    """The named tracks, normalised, in their order."""


def performance(
    site: str,
    source_id: str,
    *,
    title: str,
    day: int | None,
    djs: Iterable[str],
    sources: Iterable[str],
    tracks: Iterable[tuple[str, str]],
) -> Performance:
    """Return a set for comparison; ``tracks`` are artist and title of its named rows, ``sources`` event, venue and show."""
    names = frozenset(name for dj in djs if (name := " ".join(words(dj))))
    of_djs = {word for name in names for word in name.split()}
    told = {word for text in (title, *sources) for word in words(text)}
    places = frozenset(w for w in told - of_djs - NO_PLACE if not _is_date(w))
    keys = (track_key(artist, name) for artist, name in tracks)
    return Performance(site, source_id, day, names, places, tuple(dict.fromkeys(key for key in keys if key)))


@lru_cache(maxsize=65_536)
def track_key(artist: str, title: str) -> str:
    """Return what spellings of one track have in common: its words in the order of the alphabet. Artists may stand in any
    order; who is featured, and the mix, may be left out."""
    found = {*words(_GUESTS.sub("", artist)), *words(_GUESTS.sub("", title))}
    return " ".join(sorted(found - NO_NAME or found))


def blocks(one: Performance) -> Iterator[str]:
    """Yield the blocks under which a set is stored: its DJs on its day, and a sketch of its neighbouring tracks."""
    if one.day is not None:
        yield from (f"{one.day} {dj}" for dj in sorted(one.djs))
    yield from _sketch(one.tracks)


def candidate_blocks(one: Performance) -> Iterator[str]:
    """Yield the blocks that hold its candidates: also those of the day before and after."""
    yield from blocks(one)
    if one.day is not None:
        yield from (f"{day} {dj}" for dj in sorted(one.djs) for day in (one.day - 1, one.day + 1))


def _sketch(tracks: Sequence[str]) -> list[str]:
    """Return the smallest hashes of all pairs of neighbours: sets that share many pairs share some of these."""
    pairs = {" | ".join(sorted(pair)) for pair in pairwise(tracks)}
    return nsmallest(SKETCH, (blake2b(pair.encode(), digest_size=8).hexdigest() for pair in pairs))


def _is_date(word: str) -> bool:
    return word.isdigit() and (len(word) <= 2 or (len(word) == 4 and word[:2] in {"19", "20"}))
