"""A generated catalogue whose truth is known: DJs, tracks that spread from one to the next, IDs that are named later.

    python examples/analysis/world.py HOME

Every name is invented. A track is played by its first DJs before it is released, as ``Artist - ID``; each of these rows is named
after a time of its own, or never. DJs take tracks over from each other. Every week somebody looks at the new sets, and again
at those with unknown rows. Some performances stand at two or three sites, which differ in what they know.
"""

from __future__ import annotations

import math
import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from tlray.core.model.quality import assess
from tlray.core.model.tracklists import make_set, make_track
from tlray.io.disk.home import Home
from tlray.model import CuePrecision, Identity, Track, Tracklist
from tlray.testing.home import write_batch

FIRST_DAY, N_DAYS = date(2025, 11, 1), 365
VISIT_EVERY_DAYS = 7
LOOKED_AT_DAYS = 120
"""So long a set with unknown rows is looked at again."""
SITES = ("setlog", "mixbase", "airlist")

DJS = (
    "Ada Lindqvist", "Bruno Castel", "Cleo Marchetti", "Dario Voss", "Elif Aydın", "Femi Okoro", "Greta Holm", "Hanae Mori",
    "Ivo Petrák", "Juno Reyes", "Kofi Mensah", "Lena Brandt", "Mateo Silva", "Noor Haddad",
)  # fmt: skip
ARTISTS = (
    "Paper Comet", "Low Tide", "Marlow", "Velvet Engine", "North Quay", "Kasimir", "Second Sun", "Ada Lindqvist", "Halogen",
    "Femi Okoro", "Tessellate", "Old Harbour",
)  # fmt: skip
LABELS = ("Undertow", "Night Ferry", "Kiln", "Parallax", "Copperline", "Slow Signal", "Eastgate", "Dial Tone")
EVENTS = (
    ("Silo, Rotterdam", 180), ("Kesselhaus, Berlin", 240), ("Radio Meridian", 120), ("Lakeside Festival", 75),
    ("Warehouse 9, Leeds", 150), ("Sunset Terrace", 90), ("Radio Nord", 60),
)  # fmt: skip
_FIRST = (
    "Glass",
    "Copper",
    "Distant",
    "Midnight",
    "Hollow",
    "Silver",
    "Quiet",
    "Amber",
    "Northern",
    "Paper",
    "Electric",
    "Slow",
)
_LAST = (
    "Harbour",
    "Engine",
    "Garden",
    "Signal",
    "Lantern",
    "Orbit",
    "Window",
    "Ferry",
    "Meridian",
    "Cathedral",
    "Delay",
    "Tide",
)


@dataclass
class Song:
    """A track."""

    artist: str
    title: str
    label: str
    ready: int
    """The day from which its artist hands it out; days count from `FIRST_DAY`."""
    released: int
    appeal: float
    adopted: dict[str, int] = field(default_factory=dict)
    """DJ → the day from which they have it."""


@dataclass
class Play:
    """A track in a performance."""

    song: Song
    cue_s: float
    is_unknown: bool
    """At first it was an ID …"""
    named: int | None
    """… until this day; None: for ever."""


@dataclass
class Performance:
    """A set, as it was played."""

    number: int
    day: int
    dj: str
    event: str
    minutes: int
    plays: list[Play]
    sites: tuple[str, ...]
    """The first is looked at again and again, the others once."""


class World:
    """All of it, by a seed; the same seed is the same world."""

    def __init__(self, seed: int = 7, *, sets_per_dj: int = 30) -> None:
        self._rng = random.Random(seed)  # noqa: S311 - no secret
        self.naming_days = {artist: self._rng.choice([10.0, 20.0, 40.0, 80.0]) for artist in ARTISTS}
        """Artist → the mean time until an ID of theirs is named, in days."""
        self.songs = [song for n in range(len(_FIRST) * len(_LAST)) for song in [self._song(n)]]
        self.songs[0] = Song("Paper Comet", "Glass Harbour", "Undertow", 70, 128, 40.0)
        for song in self.songs:
            self._spread(song)
        self.performances = self._performances(sets_per_dj)

    def _song(self, n: int) -> Song:
        r = self._rng
        ready = r.randrange(-200, N_DAYS - 20)
        artist = r.choice(ARTISTS)
        # an artist has a label or two
        label = LABELS[(ARTISTS.index(artist) * 3 + r.randrange(2)) % len(LABELS)]
        appeal = r.lognormvariate(0.0, 0.7)
        return Song(
            artist,
            f"{_FIRST[n // len(_LAST)]} {_LAST[n % len(_LAST)]}",
            label,
            ready,
            ready + r.randrange(14, 70),
            appeal,
        )

    def _spread(self, song: Song) -> None:
        """Let DJs take a track over, each from one who has it; after its release from anywhere."""
        r = self._rng
        patience = {dj: r.expovariate(1 / 25.0) for dj in DJS}
        chosen = r.sample(DJS, len(DJS))
        n_takers = min(len(DJS), 1 + round(song.appeal * r.uniform(1.5, 4.0)))
        day = float(song.ready)
        for dj in chosen[:n_takers]:
            song.adopted[dj] = round(day)
            day = min(day + patience[dj] / 2, song.released + 30.0) + 1.0

    def _performances(self, sets_per_dj: int) -> list[Performance]:
        r = self._rng
        found = []
        for dj in DJS:
            for day in r.sample(range(N_DAYS), sets_per_dj):  # nobody plays twice a day
                event, usual = r.choice(EVENTS)
                minutes = max(45, round(r.gauss(usual, usual / 8)))
                sites = tuple(r.sample(SITES, r.choices((1, 2, 3), (60, 28, 12))[0]))
                found.append(Performance(0, day, dj, event, minutes, self._plays(dj, day, minutes), sites))
        found.sort(key=lambda one: (one.day, one.dj, one.event))
        for number, one in enumerate(found, 1):
            one.number = number
        return found

    def _plays(self, dj: str, day: int, minutes: int) -> list[Play]:
        r = self._rng
        have = [song for song in self.songs if song.adopted.get(dj, N_DAYS) <= day]
        keys = {id(song): r.expovariate(1.0) / self._weight(song, day) for song in have}
        chosen = sorted(have, key=lambda song: keys[id(song)])[: max(6, min(18, minutes // 8))]
        r.shuffle(chosen)
        step_s = 60.0 * minutes / max(1, len(chosen))
        plays = []
        for n, song in enumerate(chosen):
            is_unknown = day < song.released
            after = r.expovariate(1 / self.naming_days[song.artist])
            named = day + math.ceil(after) if is_unknown and r.random() > 0.12 else None
            plays.append(Play(song, round(n * step_s + (r.uniform(-20, 20) if n else 0)), is_unknown, named))
        return plays

    @staticmethod
    def _weight(song: Song, day: int) -> float:
        """Return how much a DJ wants to play a track: less from month to month."""
        return song.appeal * math.exp(-max(0, day - song.released) / 60.0) + 0.01

    # -- what sites say of it ----------------------------------------------------------------------

    def visits(self) -> Iterator[tuple[int, list[Tracklist]]]:
        """Yield each visit: its day, and the sets as they were found."""
        seen: set[int] = set()
        for day in range(VISIT_EVERY_DAYS, N_DAYS + LOOKED_AT_DAYS, VISIT_EVERY_DAYS):
            found = []
            for one in self.performances:
                if one.day >= day:
                    break
                if one.number not in seen:
                    seen.add(one.number)
                    found += [self.page(one, site, day) for site in one.sites]
                elif self.is_looked_at(one, day):
                    found.append(self.page(one, one.sites[0], day))
            if found:
                yield day, found

    @staticmethod
    def is_looked_at(one: Performance, day: int) -> bool:
        """True if a set is visited again: the last visit has found an unknown row in it, and it is not too old."""
        before = day - VISIT_EVERY_DAYS
        return day - one.day <= LOOKED_AT_DAYS and any(
            play.is_unknown and (play.named is None or play.named > before) for play in one.plays
        )

    def page(self, one: Performance, site: str, day: int) -> Tracklist:
        """Return what a site knows of a performance on a day."""
        r = random.Random(f"{one.number} {site}")  # noqa: S311 - the same at every visit
        kind = SITES.index(site)
        share_cued = (r.choice((1.0, 1.0, 0.8, 0.4)), r.choice((1.0, 0.6, 0.0)), r.choice((0.0, 0.0, 0.5)))[
            kind
        ]
        tracks: list[Track] = []
        for play in one.plays:
            if kind and r.random() < (0.0, 0.06, 0.15)[kind]:
                continue  # this site has missed it
            cue_s = play.cue_s + (r.gauss(0, 2) if kind else 0.0)
            has_cue = r.random() < share_cued
            spelt = play.song.artist.upper() if kind == 2 and r.random() < 0.3 else play.song.artist
            row = self._row(len(tracks) + 1, play, spelt, cue_s if has_cue else None, day, is_rough=kind == 1)
            if r.random() < (0.0, 0.15, 0.5)[kind]:
                row.labels = []
            tracks.append(row)
        played_on, at = FIRST_DAY + timedelta(days=one.day), moment(day)
        made = make_set(
            tracks, title=f"{one.dj} @ {one.event} {played_on}", url=f"https://{site}.test/{one.number}", site=site,
            source_id=f"{one.number:05d}", date=played_on, djs=[one.dj], sources=[one.event], genres=["House"],
            duration_s=60.0 * one.minutes if r.random() < 0.9 else None, parser=f"{site}/1", fetched_at=at,
            media_type="text/html",
        )  # fmt: skip
        made.quality, made.quality_issues = assess(made)
        return made

    @staticmethod
    def _row(index: int, play: Play, artist: str, cue_s: float | None, day: int, *, is_rough: bool) -> Track:
        song = play.song
        is_id = play.is_unknown and (play.named is None or play.named > day)
        title = "ID" if is_id else song.title
        if cue_s is not None:
            cue_s = max(0.0, 60.0 * (cue_s // 60) if is_rough else round(cue_s))
        precision = CuePrecision.MINUTE if is_rough else CuePrecision.SECOND
        return make_track(
            index, artist, title, cue_s=cue_s, labels=[] if is_id else [song.label],
            identity=Identity.ID_TITLE if is_id else Identity.IDENTIFIED,
            cue_precision=CuePrecision.UNKNOWN if cue_s is None else precision,
        )  # fmt: skip

    def write(self, home: Path) -> None:
        """Write every visit as a batch of a home."""
        where = Home(home).create()
        for day, found in self.visits():
            at = moment(day)
            write_batch(where, f"{at:%Y%m%d}-120000-{day:06d}", found, n_sets=len(found), at=at.timestamp())


def moment(day: int) -> datetime:
    """Return noon of a day."""
    return datetime(FIRST_DAY.year, FIRST_DAY.month, FIRST_DAY.day, 12, tzinfo=UTC) + timedelta(days=day)


if __name__ == "__main__":
    World().write(Path(sys.argv[1]))
