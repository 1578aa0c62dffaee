"""Performances, each written as pages of several sites do, with typical damage; and others that are easily taken for them."""

from __future__ import annotations

import random
from dataclasses import dataclass
from itertools import count

from tlray.core.linking.performance import Performance, performance

SITES = ("1001tracklists", "mixesdb", "text")
SYLLABLES = [
    "ka",
    "lo",
    "mi",
    "ra",
    "ven",
    "tor",
    "sil",
    "dro",
    "neb",
    "ul",
    "zan",
    "pi",
    "que",
    "fo",
    "ger",
    "hal",
    "ix",
    "jun",
    "wol",
    "yst",
]
EVENTS = (
    "Tomorrowland",
    "Awakenings",
    "Sónar",
    "Dekmantel Festival",
    "Creamfields",
    "Boiler Room",
    "Fabric London",
    "Circoloco",
)
DAY_0 = 737_000


@dataclass(frozen=True)
class Played:
    """A performance as it was."""

    djs: tuple[str, ...]
    day: int
    event: str
    tracks: tuple[tuple[str, str], ...]


class World:
    """A generator of performances and of their pages."""

    def __init__(self, seed: int) -> None:
        self.r = random.Random(seed)
        self.ids = count(1)
        self.djs = [self.name(2) for _ in range(60)]
        artists = [self.name(2) for _ in range(150)]
        self.tracks = [(self.r.choice(artists), self.name(2)) for _ in range(1_500)]

    def name(self, n: int) -> str:
        def word() -> str:
            return "".join(self.r.choice(SYLLABLES) for _ in range(self.r.randint(2, 3))).capitalize()

        return " ".join(word() for _ in range(n))

    def performances(self, n: int) -> list[Played]:
        """Return performances; of each third one the DJ plays again on the next day, elsewhere, half of the same tracks."""
        r, found = self.r, []
        while len(found) < n:
            djs = tuple(r.sample(self.djs, r.choice([1, 1, 1, 2])))
            tracks = tuple(r.sample(self.tracks, r.randint(12, 35)))
            event, again = r.sample(EVENTS, 2)
            found.append(Played(djs, DAY_0 + r.randrange(900), event, tracks))
            if r.random() < 1 / 3:
                kept = [track if r.random() < 0.55 else r.choice(self.tracks) for track in tracks]
                found.append(Played(djs, found[-1].day + 1, again, tuple(kept)))
            if r.random() < 0.2:  # the one who played after them, on the same day at the same event
                other = tuple(r.sample(self.djs, 1))
                kept = [track if r.random() < 0.1 else r.choice(self.tracks) for track in tracks]
                found.append(Played(other, found[-1].day, found[-1].event, tuple(kept)))
        return found[:n]

    def page(self, played: Played, site: str) -> Performance:
        """Return a performance as a site has it."""
        r = self.r
        rows = [self._spelt(*track) for track in played.tracks if r.random() > 0.12]
        named = [row for row in rows if r.random() > 0.12]  # the rest are `ID - ID`
        if r.random() < 0.15 and len(named) > 3:  # somebody has swapped two
            i = r.randrange(len(named) - 1)
            named[i], named[i + 1] = named[i + 1], named[i]
        djs = [self._typed(dj) for dj in played.djs]
        event = played.event if r.random() < 0.8 else f"{played.event} {2019}, Mainstage"
        title = (
            f"{' & '.join(djs)} @ {event}" if r.random() < 0.5 else f"{' b2b '.join(djs)} - Live at {event}"
        )
        day: int | None = played.day
        if r.random() < 0.08:
            day = played.day + r.choice([-1, 1])
        if r.random() < 0.06:
            day = None
        return performance(
            site, f"{next(self.ids)}", title=title, day=day, djs=djs if r.random() > 0.03 else [], sources=[event], tracks=named,
        )  # fmt: skip

    def _spelt(self, artist: str, title: str) -> tuple[str, str]:
        r = self.r
        dice = r.random()
        if dice < 0.15:
            title += r.choice([" (Original Mix)", " (Extended Mix)", " [Remix]"])
        elif dice < 0.22:
            artist, title = artist.upper(), title.lower()
        elif dice < 0.3:
            artist += f" feat. {self.djs[0]}"
        elif dice < 0.35:
            title = title[:-1]
        return artist, title

    def _typed(self, name: str) -> str:
        return name.upper() if self.r.random() < 0.1 else name
