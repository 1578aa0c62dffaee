"""The plan of a demo: its sets, their ids and URLs.

A plan holds no table: set ``i`` of seed ``s`` has an id that can be computed and undone again, so a
demo of a million sets weighs no more than one of ten. Sets go round the sites in turn: set ``i`` is
on site ``i % n_sites``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from tlray.demo.names import base36, seeded
from tlray.demo.sets import SetHead, make_head

_FIRST = 36**7
_SPAN = 36**8 - 36**7
_STEP = 1_500_450_271  # shares no factor with _SPAN, so that i -> id is one to one
_UNSTEP = pow(_STEP, -1, _SPAN)
_PATH = re.compile(r"^/tracklist/([0-9a-z]{1,12})(?:/|$)")


def id_in_path(path: str) -> str | None:
    """Read the set's id off a tracklist path; the slug behind it does not matter, as on the real site."""
    match = _PATH.match(path)
    return match.group(1) if match else None


@lru_cache
def _offset(seed: int) -> int:
    return seeded("ids", seed).randrange(_SPAN)


@dataclass(frozen=True, slots=True)
class Plan:
    """``n_sets`` sets in all, spread over ``n_sites`` sites."""

    seed: int = 1
    n_sets: int = 120
    n_sites: int = 1

    def set_id(self, i: int) -> str:
        """Return the id of set ``i``, eight base-36 digits: ``1pn8l919``."""
        return base36(_FIRST + (i * _STEP + _offset(self.seed)) % _SPAN)

    def index_of(self, set_id: str) -> int | None:
        """Return which set bears ``set_id``; None where no set of this plan does."""
        try:
            number = int(set_id, 36)
        except ValueError:
            return None
        i = (number - _FIRST - _offset(self.seed)) * _UNSTEP % _SPAN
        return i if i < self.n_sets and self.set_id(i) == set_id else None

    def site_of(self, i: int) -> int:
        """Return which site serves set ``i``."""
        return i % self.n_sites

    def ids(self, site: int | None = None) -> list[str]:
        """List the ids of one site, or of all."""
        wanted = range(self.n_sets) if site is None else range(site, self.n_sets, self.n_sites)
        return [self.set_id(i) for i in wanted]

    def head(self, i: int) -> SetHead:
        """Return title, DJs and day of set ``i``: all that its URL needs."""
        return make_head(self.seed, i, self.set_id(i))

    def path(self, i: int) -> str:
        """Return the path of set ``i``: ``/tracklist/<id>/<slug>-YYYY-MM-DD.html``."""
        return self.head(i).path

    def urls(self, bases: Sequence[str]) -> Iterator[str]:
        """Return every tracklist URL; ``bases[k]`` is what site ``k``'s URLs begin with."""
        for i in range(self.n_sets):
            yield bases[self.site_of(i)] + self.path(i)
