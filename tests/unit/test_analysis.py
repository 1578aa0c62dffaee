"""The scripts and the notebook of ``examples/analysis``, on a generated catalogue: what they show is what is true there."""

from __future__ import annotations

import json
import sys
from collections import Counter, defaultdict
from datetime import date
from itertools import combinations
from pathlib import Path
from types import ModuleType
from typing import Any

import matplotlib as mpl
import pandas as pd
import pytest
from made_sets import a_set, a_track

from tlray.io.disk.home import Home
from tlray.model import Identity, Tracklist
from tlray.testing.home import write_batch

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "examples" / "analysis"
sys.path.insert(0, str(FOLDER))
mpl.use("agg")

import most_played  # noqa: E402
import naming  # noqa: E402
import set_shape  # noqa: E402
import sources  # noqa: E402
import spread  # noqa: E402
import style  # noqa: E402
import world as visited  # noqa: E402
from style import save  # noqa: E402
from world import FIRST_DAY, World  # noqa: E402

visited.VISIT_EVERY_DAYS = 21  # not every week: what is read is as much, in a third of the batches

SCRIPTS: dict[str, ModuleType] = {
    "most-played": most_played, "naming": naming, "spread": spread, "set-shape": set_shape, "sources": sources,
}  # fmt: skip
MOST_BYTES = 120_000


class Truth:
    """A world, and the first and the last page of every set that anybody has seen."""

    def __init__(self) -> None:
        self.world = World(sets_per_dj=12)
        self.first: dict[tuple[str, str | None], Tracklist] = {}
        self.last: dict[tuple[str, str | None], Tracklist] = {}
        for _, pages in self.world.visits():
            for page in pages:
                self.first.setdefault((page.site, page.source_id), page)
                self.last[page.site, page.source_id] = page


@pytest.fixture(scope="module")
def truth() -> Truth:
    return Truth()


@pytest.fixture(scope="module")
def home(truth: Truth, tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("world") / "sets"
    truth.world.write(home)
    return home


@pytest.fixture(scope="module")
def seen(home: Path) -> dict[str, Any]:
    """What each script takes from the catalogue."""
    return {name: script.data(home) for name, script in SCRIPTS.items()}


def test_the_same_seed_is_the_same_world(truth: Truth) -> None:
    assert Truth().last == truth.last


def test_plays_of_labels_and_tracks_are_those_of_the_performances(truth: Truth, seen: dict[str, Any]) -> None:
    found = seen["most-played"]
    labels: Counter[str] = Counter()
    tracks: Counter[str] = Counter()
    for one in truth.world.performances:
        for play in one.plays:
            if not play.is_unknown or play.named is not None:
                labels[play.song.label] += 1
                tracks[f"{play.song.artist} – {play.song.title}".casefold()] += 1
    assert len(found.labels.columns) == len(found.tracks.columns) == 12
    top = found.tracks.sum(axis=1)
    assert top.index[0] == "Paper Comet – Glass Harbour", "made to be played most"
    # a performance counts once, whatever sites have it; airlist misses every seventh row, and half of the labels
    for track, n in top.items():
        assert 0.8 * tracks[str(track).casefold()] <= n <= tracks[str(track).casefold()]
    for label, n in found.labels.sum(axis=1).items():
        assert 0.6 * labels[str(label)] <= n <= labels[str(label)]


def test_ids_and_their_naming_are_those_of_the_world(truth: Truth, seen: dict[str, Any]) -> None:
    found = seen["naming"]
    ids: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for place, pages in enumerate((truth.first, truth.last)):
        for page in pages.values():
            for track in page.tracks:
                ids[track.artist.casefold()][place] += track.identity is Identity.ID_TITLE
    n_ids, n_open = (sum(n[place] for n in ids.values()) for place in (0, 1))
    assert n_ids - n_open > 100
    # a few rows of one artist beside each other cannot be told apart
    assert abs(len(found.ids) - n_ids) <= 0.02 * n_ids
    assert abs(found.ids["is_named"].sum() - (n_ids - n_open)) <= 0.02 * n_ids
    for artist, row in found.artists.iterrows():
        assert abs(row["ids"] - ids[str(artist).casefold()][0]) <= 2
    by_speed = defaultdict(list)
    for artist, days in truth.world.naming_days.items():
        by_speed[days].append(found.ids[found.ids["artist"] == artist])
    slow, fast = (naming.median_days(pd.concat(by_speed[days])) for days in (max(by_speed), min(by_speed)))
    assert fast is not None
    assert slow is None or slow > 1.5 * fast


def test_the_curve_of_naming_takes_account_of_what_was_not_seen() -> None:
    ids = pd.DataFrame({"days": [5, 10, 10, 20, 30], "is_named": [True, False, True, True, False]})
    days, shares = naming.curve(ids)
    assert days.tolist() == [0, 5, 10, 20]
    assert shares.tolist() == pytest.approx([0, 0.2, 1 - 0.8 * 0.75, 1 - 0.8 * 0.75 * 0.5])
    assert naming.median_days(ids) == 20
    assert naming.median_days(ids[ids["days"] > 20]) is None


def test_a_track_spreads_as_it_was_played(truth: Truth, seen: dict[str, Any]) -> None:
    found = seen["spread"]
    plays = {
        (page.djs[0], page.date)
        for page in truth.last.values()
        for track in page.tracks
        if (track.artist.casefold(), track.title) == ("paper comet", "Glass Harbour")
    }
    assert found.name == "Paper Comet – Glass Harbour"
    assert set(zip(found.plays["dj"], (day.date() for day in found.plays["day"]), strict=True)) == plays
    first: dict[str, date] = {}
    for dj, day in sorted(plays, key=lambda play: play[1] or FIRST_DAY):
        first.setdefault(dj, day or FIRST_DAY)
    assert {dj: day.date() for dj, day in found.first_days.items()} == first
    assert found.named_on is not None
    (song,) = (song for song in truth.world.songs if song.title == "Glass Harbour")
    assert found.named_on.date() > FIRST_DAY + pd.Timedelta(days=song.ready)


def test_lengths_and_start_times_are_those_of_the_sets(truth: Truth, seen: dict[str, Any]) -> None:
    found = seen["set-shape"]
    pages = list(truth.last.values())
    assert found.n_sets == len(pages)
    assert sorted(found.hours) == sorted(p.duration_s / 3600 for p in pages if p.duration_s is not None)
    for site, counts in found.coverage.iterrows():
        of_site = [page.cued_count / page.track_count for page in pages if page.site == site]
        assert counts.tolist() == [
            of_site.count(1.0),
            sum(0 < share < 1 for share in of_site),
            of_site.count(0.0),
        ]


def test_sites_agree_as_far_as_they_do(truth: Truth, seen: dict[str, Any]) -> None:
    found = seen["sources"].pairs.set_index("pair")
    wanted: Counter[str] = Counter()
    for one in truth.world.performances:
        wanted.update(f"{a} · {b}" for a, b in combinations(sorted(one.sites), 2))
    assert found["performances"].to_dict() == dict(wanted)
    assert found["tracks"].idxmax() == "mixbase · setlog"
    assert found["labels"].idxmax() == "mixbase · setlog", "airlist leaves out every second label"
    assert 0.4 < found.loc["airlist · setlog", "labels"] < 0.6
    assert found.loc["airlist · setlog", "apart_s"] < 5
    assert found.loc["mixbase · setlog", "apart_s"] > 20, "mixbase has minutes"


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_picture_is_small_and_shown(seen: dict[str, Any], tmp_path: Path, name: str) -> None:
    script: Any = SCRIPTS[name]
    save(script.draw(seen[name]), tmp_path / "drawn.png")
    assert 5_000 < (tmp_path / "drawn.png").stat().st_size < MOST_BYTES
    shown = ROOT / "docs" / "img" / f"{name}.png"
    assert shown.stat().st_size < MOST_BYTES
    text = (ROOT / "docs" / "analysis.md").read_text(encoding="utf-8")
    assert f"](img/{name}.png)" in text
    assert f"examples/analysis/{script.__name__}.py" in text


@pytest.mark.parametrize("suffix", ["png", "svg"])
def test_a_picture_is_the_same_bytes_every_time(seen: dict[str, Any], tmp_path: Path, suffix: str) -> None:
    for n in range(2):
        save(sources.draw(seen["sources"]), tmp_path / f"{n}.{suffix}")
    assert (tmp_path / f"0.{suffix}").read_bytes() == (tmp_path / f"1.{suffix}").read_bytes()


def test_an_empty_catalogue_has_pictures_too(tmp_path: Path) -> None:
    write_batch(Home(tmp_path / "home").create(), "b1", [], n_sets=0, at=1.0)
    for script in (most_played, naming, set_shape, sources):
        save(script.draw(script.data(tmp_path / "home")), tmp_path / "empty.png")
    with pytest.raises(SystemExit, match="no set has a track with a name"):
        spread.data(tmp_path / "home")


def test_sets_without_an_id_of_one_day_and_of_absurd_lengths_have_pictures_too(tmp_path: Path) -> None:
    day = date(2026, 5, 15)

    def a_file(n: int, length_s: float | None, day: date | None = day) -> Tracklist:
        rows = [a_track(1, 0.0), a_track(2, 60.0 * n), a_track(3, title="ID", identity=Identity.ID_TITLE)]
        return a_set(*rows, source_id=None, site="file", url=f"file:{n}", date=day, duration_s=length_s)

    lengths = [None, 0.0, 3600.0, float("inf")]
    sets = [a_file(n, length_s) for n, length_s in enumerate(lengths)] + [a_file(9, 3600.0, None)]
    write_batch(Home(tmp_path / "home").create(), "b1", sets, n_sets=len(sets), at=1.0)
    found = {}
    for name, script in SCRIPTS.items():
        found[name] = script.data(tmp_path / "home")
        save(script.draw(found[name]), tmp_path / "files.png")
    assert found["set-shape"].coverage.loc["file"].tolist() == [0, 5, 0]
    assert found["set-shape"].hours.tolist() == [1.0, 1.0]
    assert len(found["naming"].ids) == 4
    assert len(found["spread"].plays) == 1


@pytest.mark.parametrize(
    ("days", "n_plays"),
    [
        ((date(1, 1, 1), date(2026, 1, 5), date(2026, 3, 1)), 2),
        ((date(9999, 12, 31), date(2026, 1, 5)), 1),
        ((date(1972, 5, 1), date(1999, 12, 31), date(2026, 3, 1)), 3),
        ((date(1, 1, 1), date(9999, 12, 31)), 0),
    ],
)
def test_days_that_no_set_was_played_on_and_many_years_have_pictures_too(
    tmp_path: Path, days: tuple[date, ...], n_plays: int
) -> None:
    pages = [
        a_set(a_track(1, 0.0), source_id=f"s{n}", djs=[f"DJ {n}"], date=day) for n, day in enumerate(days)
    ]
    write_batch(Home(tmp_path / "home").create(), "b1", pages, n_sets=len(pages), at=1.0)
    for name, script in SCRIPTS.items():
        if name == "spread" and not n_plays:
            with pytest.raises(SystemExit, match="no set with a DJ and a day"):
                script.data(tmp_path / "home")
            continue
        found = script.data(tmp_path / "home")
        save(script.draw(found), tmp_path / "days.png")
        if name == "spread":
            assert len(found.plays) == n_plays


def test_a_home_without_a_catalogue_is_one_line(tmp_path: Path) -> None:
    for script in SCRIPTS.values():
        with pytest.raises(SystemExit, match="nothing was ever scraped into this home"):
            style.run(script.data, script.draw, ["--home", str(tmp_path), "--out", str(tmp_path / "x.png")])


def test_the_notebook_runs_from_its_first_cell_to_its_last(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TLRAY_HOME", str(home))
    cells = json.loads((FOLDER / "catalogue.ipynb").read_text(encoding="utf-8"))["cells"]
    names: dict[str, Any] = {}
    for cell in cells:
        if cell["cell_type"] == "code":
            assert cell["outputs"] == [], "a notebook without outputs: they are in docs/analysis.md"
            exec("".join(cell["source"]), names)  # noqa: S102 - it is ours
    assert len(names["own"]) == 14
    names["plt"].close("all")
