"""The decoy check: the site serves whole pages of random artists to clients that it distrusts.

In a decoy the artist in ``byArtist`` is not the one in the track's name and link; nearly every row of it
differs so. In genuine pages the two agree: 18 of 686 named rows differ at first sight, all by a country tag
(``Storm (DE)``), by case or by ``pres.``, which are looked past here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple
from unicodedata import normalize

MAX_FOREIGN_SHARE = 0.2

_COUNTRY_TAG = re.compile(r"\s*\([A-Za-z]{2,3}\)")
_WORD = re.compile(r"\w+")
_JOINING = frozenset({"ft", "feat", "pres", "presents", "vs", "and", "x", "with"})
_UNACCENTED = str.maketrans("øłđðıßæœ", "oldd" + "isao")


SUSPECTED = "decoy_suspected"
"""The issue of a set with more than one such row, but too few for a decoy."""


class Foreign(NamedTuple):
    """The rows of a page that contradict themselves."""

    n: int
    n_compared: int

    @property
    def is_decoy(self) -> bool:
        """True if there are too many for a genuine page."""
        return self.n > MAX_FOREIGN_SHARE * self.n_compared and (self.n > 1 or self.n_compared == 1)


def foreign_rows(rows: Iterable[tuple[str, str, str]]) -> Foreign:
    """Count the rows (name, byArtist, link of the track) that contradict themselves."""
    n = n_compared = 0
    for name, by_artist, link in rows:
        n_compared += 1
        n += not name.startswith(by_artist) and _is_foreign(name, by_artist, link)
    return Foreign(n, n_compared)


def _is_foreign(name: str, by_artist: str, link: str) -> bool:
    artist = _words(_COUNTRY_TAG.sub("", by_artist))
    if _words(_COUNTRY_TAG.sub("", name))[: len(artist)] == artist:
        return False
    return not set(artist) - _JOINING <= set(_words(link))


def _words(text: str) -> list[str]:
    folded = normalize("NFKD", text.casefold()).translate(_UNACCENTED)
    return _WORD.findall("".join(c for c in folded if not "\u0300" <= c <= "\u036f"))
