"""A generated world of performances, each written as pages of several sites, with the truth of what belongs together.

Pages differ as real ones do: rows are missing, unknown, misspelt or swapped; names have guests and mixes or not; one site has
start times to the second and no labels, another minutes and labels, a third none; a day is wrong by one, or missing; so are DJs.
Near misses are made, too: a tour plays much the same on the next day, a DJ has two shows on one day, a list is aired again,
a DJ plays alone and then with another one, and somebody else plays the same hits on the same night.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from tlray.core.model.tracklists import make_set, make_track
from tlray.model import CuePrecision, Identity, Tracklist

SITES = ("1001tracklists", "mixesdb", "text")
SYLLABLES = (
    "ka", "lo", "mi", "ra", "ven", "tor", "sil", "dro", "neb", "ul", "zan", "pi", "que", "fo", "ger", "hal", "ix", "jun", "wol",
    "yst", "bré", "sha", "on", "ty",
)  # fmt: skip
DAY_0 = date(2018, 1, 1).toordinal()
DAYS = 1_500
AT_ONCE = 5_000
"""So many performances have their pages shuffled together."""
Track = tuple[str, str, str, int]
"""Artist, title, label, and its length in seconds."""


@dataclass(frozen=True, slots=True)
class Played:
    """A performance as it was."""

    djs: tuple[str, ...]
    day: int
    event: str
    tracks: tuple[Track, ...]


class Page(NamedTuple):
    """A performance as one site has it."""

    number: int
    """Of the performance."""
    tracklist: Tracklist


class World:
    """A generator of performances and of their pages."""

    def __init__(self, seed: int, *, n_performances: int) -> None:
        self.r = r = random.Random(seed)  # noqa: S311 - no secret
        self._n = n_performances
        self._djs = [self._name(2) for _ in range(max(30, n_performances // 25))]
        self._events = [self._name(r.choice([1, 2])) for _ in range(max(20, n_performances // 50))]
        artists = [self._name(2) for _ in range(max(150, min(50_000, n_performances // 3)))]
        labels = [self._name(1) for _ in range(300)]
        self._pool = [
            (r.choice(artists), self._name(2), r.choice(labels), r.randint(150, 420))
            for _ in range(max(1_500, min(150_000, n_performances)))
        ]
        self._crates: dict[str, list[Track]] = {}
        self._n_pages = 0

    def pages(self) -> Iterator[Page]:
        """Yield the pages of all performances, mixed."""
        waiting: list[Page] = []
        for number, played in enumerate(self.performances()):
            sites = self.r.sample(SITES, self.r.choice([1, 2, 2, 3, 3]))
            waiting += [Page(number, self.page(played, site)) for site in sites]
            if number % AT_ONCE == AT_ONCE - 1:
                self.r.shuffle(waiting)
                yield from waiting
                waiting = []
        self.r.shuffle(waiting)
        yield from waiting

    def performances(self) -> Iterator[Played]:
        """Yield performances, near misses among them."""
        n = 0
        while n < self._n:
            for played in self._night()[: self._n - n]:
                n += 1
                yield played

    def _night(self) -> list[Played]:
        r = self.r
        djs = tuple(r.sample(self._djs, r.choice([1, 1, 1, 2])))
        first = Played(djs, DAY_0 + r.randrange(DAYS), r.choice(self._events), self._tracks(djs[0]))
        found, dice = [first], r.random()
        if dice < 0.2:  # a tour
            found.append(self._like(first, 0.55, day=first.day + 1, event=r.choice(self._events)))
        elif dice < 0.3:  # two shows on one day
            found.append(self._like(first, 0.3, event=r.choice(self._events)))
        elif dice < 0.38:  # aired again
            found.append(self._like(first, 1.0, day=first.day + r.randint(3, 60)))
        elif dice < 0.46:  # alone, and then with another one
            found.append(self._like(first, 0.15, djs=(djs[0], r.choice(self._djs))))
        elif dice < 0.6:  # the one who played after them
            found.append(self._like(first, 0.1, djs=(r.choice(self._djs),)))
        return found

    def _like(self, other: Played, share: float, **differing: Any) -> Played:
        r, values = self.r, {"djs": other.djs, "day": other.day, "event": other.event} | differing
        tracks = other.tracks
        if share < 1:
            fresh = self._tracks(values["djs"][-1])
            tracks = tuple(track for track in tracks if r.random() < share)
            tracks += tuple(track for track in fresh if track not in tracks)[
                : len(other.tracks) - len(tracks)
            ]
            order = sorted(range(len(tracks)), key=lambda n: n % max(1, len(tracks) // 2) + r.random())
            tracks = tuple(tracks[n] for n in order)
        return Played(**values, tracks=tracks)

    def _tracks(self, dj: str) -> tuple[Track, ...]:
        """Return what a DJ plays: of an own crate, hits that all play, and others."""
        r = self.r
        crate = self._crates.get(dj)
        if crate is None:
            crate = self._crates[dj] = r.sample(self._pool, 120)
        n = r.randint(10, 35)
        hits = [self._pool[min(int(r.paretovariate(0.7)), len(self._pool)) - 1] for _ in range(n // 5)]
        found = [*r.sample(crate, n - 2 * (n // 5)), *hits, *r.sample(self._pool, n // 5)]
        r.shuffle(found)
        return tuple(dict.fromkeys(found))

    def page(self, played: Played, site: str) -> Tracklist:
        """Return a performance as a site has it."""
        r = self.r
        rows, at_s = [], 0.0
        for track in played.tracks:
            if r.random() > 0.12:
                rows.append((track, at_s))
            at_s += track[3]
        if r.random() < 0.15 and len(rows) > 3:  # somebody has swapped two
            i = r.randrange(len(rows) - 1)
            (one, at), (other, later) = rows[i : i + 2]
            rows[i : i + 2] = [(other, at), (one, later)]
        tracks = [self._row(index, *row, site) for index, row in enumerate(rows, 1)]
        djs = [self._typed(dj) for dj in played.djs] if r.random() > 0.03 else []
        event = played.event if r.random() < 0.8 else f"{played.event} {2019}, Mainstage"
        title = (
            f"{' & '.join(djs)} @ {event}" if r.random() < 0.5 else f"{' b2b '.join(djs)} - Live at {event}"
        )
        day: int | None = played.day + (r.choice([-1, 1]) if r.random() < 0.08 else 0)
        if r.random() < 0.06:
            day = None
        self._n_pages += 1
        return make_set(
            tracks, title=title, date=None if day is None else date.fromordinal(day), djs=djs, sources=[event],
            url=f"https://{site}.test/{self._n_pages}", site=site, source_id=f"{self._n_pages}", parser=f"{site}/1",
        )  # fmt: skip

    def _row(self, index: int, track: Track, at_s: float, site: str) -> Any:
        artist, title, label, _ = track
        given: dict[str, Any] = {}
        if site == SITES[0]:
            given["cue_s"] = round(at_s + self.r.uniform(-3, 3), 1) if index > 1 else 0.0
        elif site == SITES[1]:
            given |= {"cue_s": at_s // 60 * 60, "cue_precision": CuePrecision.MINUTE, "labels": [label]}
        if self.r.random() < 0.12:
            return make_track(index, "ID", "ID", identity=Identity.ID, **given | {"labels": []})
        return make_track(index, *self._spelt(artist, title), **given)

    def _spelt(self, artist: str, title: str) -> tuple[str, str]:
        r = self.r
        dice = r.random()
        if dice < 0.15:
            title += r.choice([" (Original Mix)", " (Extended Mix)", " [Remix]"])
        elif dice < 0.22:
            artist, title = artist.upper(), title.lower()
        elif dice < 0.3:
            artist += f" feat. {self._djs[0]}"
        elif dice < 0.35:
            title = self._mistyped(title)
        return artist, title

    def _typed(self, name: str) -> str:
        dice = self.r.random()
        if dice < 0.03:
            return self._mistyped(name)
        return name.upper() if dice < 0.13 else name

    def _mistyped(self, name: str) -> str:
        i = self.r.randrange(len(name))
        return name[:i] + self.r.choice(["", "x", name[i] * 2]) + name[i + 1 :]

    def _name(self, n: int) -> str:
        r = self.r
        return " ".join(
            "".join(r.choice(SYLLABLES) for _ in range(r.randint(2, 3))).capitalize() for _ in range(n)
        )
