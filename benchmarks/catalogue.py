"""How fast is the catalogue? Search through the service, catching up with the journal, and ``tlray.load`` of all sets beside bare
pyarrow on the same files.

The sets are made up and written as a coordinator writes them: 100,000 of ten rows for search and load, fewer of forty rows for
catching up. Names follow a long tail, so that some words are in most sets and most words in few.
"""

from __future__ import annotations

import http.client
import json
import random
import statistics
import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import pyarrow.parquet as pq

import tlray
from benchmarks.chromium import VIEW, chromium, paint_ms
from benchmarks.figures import Answer, Figure
from benchmarks.live_service import LiveService, service_in
from tlray.core.model.tracklists import make_set, make_track
from tlray.io.catalogue.catch_up import catch_up
from tlray.io.disk.home import Home
from tlray.model import Tracklist
from tlray.testing.home import write_batch

QUESTION = "The catalogue: search, catching up, loading all of it"
BATCH, DOMAIN = "all", "sets.example.org"


def answer(folder: Path, *, quick: bool = False) -> Answer:
    """Measure."""
    told = Answer(QUESTION, [])
    n_found, n_caught, rounds, n_asked = (5_000, 1_000, 2, 100) if quick else (100_000, 10_000, 5, 1_000)
    caught = Home(folder / "caught").create()
    fill(caught, n_caught, n_rows=40)
    speeds = []
    for _ in range(rounds):
        caught.catalogue.unlink(missing_ok=True)
        begun = time.perf_counter()
        catch_up(caught)
        speeds.append(n_caught / (time.perf_counter() - begun))
    told.figures.append(Figure("catching up, sets of 40 rows", speeds, " sets/s", least=2_000))

    home = Home(folder / "home").create()
    fill(home, n_found, n_rows=10)
    catch_up(home)
    _load(told, home, rounds)
    with service_in(folder) as service:
        times = list(_searches(service, n_asked))
        looks = list(_looks(service, n_asked // 4))
        paints = list(_paints(service, rounds))
    told.figures += [
        Figure(f"search in {n_found:,} sets: half within", [statistics.median(times)], " ms"),
        Figure(
            f"search in {n_found:,} sets: 99 of 100 within",
            [statistics.quantiles(times, n=100)[98]],
            " ms",
            most=100,
        ),
        Figure(
            f"a DJ, an artist, a label, a track of {n_found:,} sets: 99 of 100 within",
            [statistics.quantiles(looks, n=100)[98]],
            " ms",
            most=100,
        ),
        Figure(f"the page: first contentful paint of {n_found:,} sets", paints, " ms", most=1_000),
    ]
    told.notes.append(
        f"{n_asked:,} searches one after the other, from the first byte sent to the last of the answer, each for 20 sets and the"
        " total: by words, DJ, artist, label, day, quality, and combinations."
    )
    return told


def _load(told: Answer, home: Home, rounds: int) -> None:
    ours, bare = [], []
    for _ in range(rounds):
        begun = time.perf_counter()
        _, tracks = tlray.load(home=home.path)
        ours.append(time.perf_counter() - begun)
        n_rows = len(tracks)
        begun = time.perf_counter()
        frames = [pq.read_table(home.results(BATCH) / name).to_pandas() for name in ("tracklists", "tracks")]
        bare.append(time.perf_counter() - begun)
        del frames, tracks
    told.figures += [
        Figure(f"tlray.load of {n_rows:,} rows", ours, " s", most=2),
        Figure("tlray.load ÷ bare pyarrow", [a / b for a, b in zip(ours, bare, strict=True)], " ×", most=1.2),
    ]


def _searches(service: LiveService, n: int) -> Iterator[float]:
    """Yield the milliseconds of searches."""
    rng = random.Random(2)  # noqa: S311
    names = Names(1)
    parts = urlsplit(service.url)
    connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=60)
    kinds = (
        lambda: {"q": names.word()}, lambda: {"q": f"{names.word()} {names.word()}"}, lambda: {"q": names.word()[:4] + "*"},
        lambda: {"dj": names.name()}, lambda: {"artist": names.word()}, lambda: {"label": names.word()},
        lambda: {"source": "example"}, lambda: {"from": "2024-03-01", "to": "2024-03-31"},
        lambda: {"q": names.word(), "from": "2023-01-01", "min_quality": "0.5"}, dict,
    )  # fmt: skip
    for _ in range(n):
        yield _get(connection, "/api/v1/catalogue?" + urlencode({**rng.choice(kinds)(), "limit": 20}))[0]


def _looks(service: LiveService, n: int) -> Iterator[float]:
    """Yield the milliseconds of questions about names, each of a row of a set that was found."""
    parts = urlsplit(service.url)
    connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=60)
    rng, names = random.Random(4), Names(5)  # noqa: S311
    while n > 0:
        _, found = _get(connection, "/api/v1/catalogue?" + urlencode({"q": names.word(), "limit": 20}))
        for one in found["sets"][: min(n, 5)]:
            _, whole = _get(connection, f"/api/v1/catalogue/{one['site']}/{one['source_id']}")
            row = rng.choice(whole["tracks"])
            kind, name = rng.choice(
                [
                    ("dj", one["djs"][0]),
                    ("artist", row["artist"]),
                    ("track", f"{row['artist']} - {row['title']}"),
                ]
                + [("label", label) for label in row["labels"]]
            )
            yield _get(connection, "/api/v1/catalogue/names?" + urlencode({"kind": kind, "name": name}))[0]
            n -= 1


def _paints(service: LiveService, rounds: int) -> Iterator[float]:
    """Yield the milliseconds to the first paint of the catalogue's view, in a browser with a warm cache."""
    with chromium() as browser:
        page = browser.new_page(viewport=VIEW)
        for number in range(rounds + 1):
            page.goto(f"{service.url}/catalogue")
            page.wait_for_selector("table.sets tbody tr")
            if number:
                yield paint_ms(page)


def _get(connection: http.client.HTTPConnection, path: str) -> tuple[float, Any]:
    """Return the milliseconds of an answer, and the answer."""
    begun = time.perf_counter()
    connection.request("GET", path)
    response = connection.getresponse()
    body = response.read()
    took_ms = 1e3 * (time.perf_counter() - begun)
    if response.status != 200:
        raise RuntimeError(f"{path}: {response.status} {body[:200]!r}")
    return took_ms, json.loads(body)


class Names:
    """Made-up names, of words that follow a long tail."""

    def __init__(self, seed: int) -> None:
        self._rng = rng = random.Random(seed)  # noqa: S311
        self._words = [
            "".join(
                rng.choice("bcdfgklmnprst") + rng.choice("aeiou") for _ in range(rng.randint(2, 4))
            ).title()
            for _ in range(20_000)
        ]

    def word(self) -> str:
        """Return a word."""
        return self._words[min(int(10 * self._rng.paretovariate(0.8)) - 10, len(self._words) - 1)]

    def name(self) -> str:
        """Return a name."""
        return f"{self.word()} {self.word()}"


def _sets(n: int, *, n_rows: int) -> Iterator[Tracklist]:
    names = Names(1)
    rng = random.Random(3)  # noqa: S311
    for number in range(n):
        tracks = [
            make_track(
                index, names.name(), names.name(), cue_s=60.0 * index, labels=[names.word()], track_id=str(rng.randrange(10**6))
            )
            for index in range(1, n_rows + 1)
        ]  # fmt: skip
        yield make_set(
            tracks, title=f"{names.name()} @ {names.name()}", url=f"https://{DOMAIN}/{number}", site="example",
            source_id=str(number), djs=[names.name()], sources=[names.name()], quality=rng.random(), parser="example/1",
            date=None if rng.random() < 0.1 else date(2020, 1, 1) + timedelta(days=rng.randrange(2_000)),
        )  # fmt: skip


def fill(home: Home, n: int, *, n_rows: int) -> None:
    """Make one finished batch of a home."""
    write_batch(home, BATCH, _sets(n, n_rows=n_rows), n_sets=n, at=1.0)
