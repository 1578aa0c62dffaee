"""Sums over sets and tracks: by one key or several, the same bytes every time, names folded."""

from __future__ import annotations

import csv
import random
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest
from made_catalogue import MadeHome
from made_sets import a_set, a_track, mashup_part
from older_parts import as_before_november_2026

import tlray
from tlray.cli import run
from tlray.errors import CannotFinish, UsageError
from tlray.io.catalogue.aggregation import Aggregation
from tlray.io.catalogue.grouping import SOURCES, groupings
from tlray.io.catalogue.newest import iter_tables, merge_all
from tlray.io.results.store import PartFile
from tlray.model import Identity, Track, Tracklist

SPELLINGS = {"ann": ["Ann Ö", "ANN O", "Ann Ö"], "bo": ["Bo"], "ID": ["ID"], "cy": ["=Cy", "=cy"]}
LABELS = {"drum": ["Drumcode", "DRUMCODE"], "sub": ["Sub;Rosa"]}


def some_sets(n: int, seed: int = 1) -> list[Tracklist]:
    rng = random.Random(seed)

    def a_row(index: int) -> Track:
        who = rng.choice(sorted(SPELLINGS))
        identity = Identity.ID if who == "ID" else rng.choice([Identity.IDENTIFIED, Identity.ID_TITLE])
        track = a_track(
            index, rng.choice([None, 60.0 * index]), artist=rng.choice(SPELLINGS[who]), identity=identity,
            title="ID" if identity != Identity.IDENTIFIED else f"Song {rng.randrange(3)}",
            labels=[rng.choice(LABELS[key]) for key in sorted(LABELS) if rng.random() < 0.5],
        )  # fmt: skip
        return mashup_part(index, 1) if index > 1 and rng.random() < 0.1 else track

    def one(number: int) -> Tracklist:
        tracks = [a_row(index) for index in range(1, rng.randrange(1, 8))]
        return a_set(
            *tracks, source_id=f"s{number}", quality=rng.choice([None, round(rng.random(), 3)]),
            duration_s=rng.choice([None, 3600.5]), djs=rng.sample(["DJ Ä", "dj a", "Max"], rng.randrange(3)),
            date=rng.choice([None, date(2026, 1, 1) + timedelta(days=rng.randrange(90))]),
            sources=rng.sample(["Time Warp", "time  warp", "Awakenings"], rng.randrange(3)),
        )  # fmt: skip

    return [one(number) for number in range(n)]


def expected(sets: list[Tracklist], keys: list[str]) -> dict[tuple[str, ...], dict[str, Any]]:
    """The sums, computed in the plainest way; names are folded by hand."""
    fold = {"ann ö": "ann o", "dj ä": "dj a", "time  warp": "time warp"}

    def named(text: str) -> str:
        return fold.get(text.lower(), text.lower())

    def of_set(s: Tracklist, key: str) -> set[str]:
        month = s.date.isoformat()[:7] if s.date else None
        found = {"dj": s.djs, "event": s.sources, "month": [month], "site": [s.site]}[key]
        return {named(text) for text in found if text}

    def of_row(t: Track, key: str) -> set[str]:
        if key == "label":
            return set(map(named, t.labels))
        if key == "artist":
            return set() if t.identity == Identity.ID else {named(t.artist)}
        return {f"{named(t.artist)}|{named(t.title)}"} if t.identity == Identity.IDENTIFIED else set()

    groups: defaultdict[tuple[str, ...], dict[str, Any]] = defaultdict(
        lambda: {"sets": set(), "plays": 0, "identified": 0, "positions": 0, "cued": 0, "tracks": set(), "djs": set()}
    )  # fmt: skip
    of_rows = [key for key in keys if SOURCES[key] in ("plays", "labels")]
    for s in sets:
        for t in [*s.tracks, *([] if of_rows else [None])]:  # a set without rows is one, too
            places: list[tuple[str, ...]] = [()]
            for key in keys:
                values = of_row(t, key) if t is not None and key in of_rows else of_set(s, key)
                places = [(*place, value) for place in places for value in sorted(values)]
            for group in (groups[place] for place in places):
                group["sets"].add(s.source_id)
                group["djs"] |= of_set(s, "dj")
                if t is not None:
                    group["plays"] += 1
                    group["identified"] += t.identity == Identity.IDENTIFIED
                    group["positions"] += t.kind != "mashup_part"
                    group["cued"] += t.kind != "mashup_part" and t.cue_s is not None
                    group["tracks"] |= of_row(t, "track")
    for group in groups.values():
        group |= {name: len(group[name]) for name in ("sets", "tracks", "djs")}
    return dict(groups)


def table(home: Path, folder: Path, by: str, *more: str) -> pd.DataFrame:
    assert run(["aggregate", "--by", by, "--out", str(folder), "--home", str(home), *more]) == 0
    return pd.read_parquet(folder / f"{by}.parquet")


@pytest.mark.parametrize(
    "by",
    [
        "dj",
        "event",
        "month",
        "site",
        "label",
        "artist",
        "track",
        "label+month",
        "dj+track",
        "artist+event+dj",
    ],
)
def test_sums_are_those_of_the_plainest_count(made: MadeHome, tmp_path: Path, by: str) -> None:
    sets = some_sets(60)
    made.batch("b1", *([one] for one in sets))
    found = table(made.home.path, tmp_path / "out", by)
    wanted = expected(sets, by.split("+"))
    names = ["sets", "plays", "identified", "positions", "cued", "tracks", "djs"]
    assert sorted(found[names].to_numpy().tolist()) == sorted(
        [group[n] for n in names] for group in wanted.values()
    )
    assert len(found) == len(wanted) > 0


def test_units_and_order(made: MadeHome, tmp_path: Path) -> None:
    may, june = date(2026, 5, 1), date(2026, 6, 3)
    made.batch(
        "b1",
        [a_set(a_track(1), a_track(2), source_id="1", date=june, quality=0.5, duration_s=1800.25)],
        [a_set(a_track(1), source_id="2", date=may, quality=0.25, duration_s=0.0)],
        [a_set(a_track(1), source_id="3", date=june, quality=None, duration_s=float("nan"))],
        [a_set(a_track(1), source_id="4", date=None, quality=1.0)],
    )
    months = table(made.home.path, tmp_path, "month")
    assert months["month"].tolist() == ["2026-05", "2026-06"], "a set without a day is in no month"
    assert months[["sets", "timed_sets", "duration_s", "quality"]].to_numpy().tolist() == [
        [1, 0, 0.0, 0.25],
        [2, 1, 1800.25, 0.5],
    ]
    tracks = table(made.home.path, tmp_path, "track")
    assert tracks[["artist", "title", "plays"]].to_numpy().tolist() == [
        ["Artist 1", "Title 1", 4],
        ["Artist 2", "Title 2", 1],
    ]
    assert (tracks["first_day"][0], tracks["last_day"][0]) == (may, june)
    good = table(made.home.path, tmp_path, "track", "--min-quality", "0.5")
    assert good["plays"].tolist() == [2, 1]
    assert table(made.home.path, tmp_path, "track", "b1")["plays"].tolist() == [4, 1]
    pd.testing.assert_frame_equal(tlray.aggregate("track", home=made.home.path), tracks)
    assert len(tlray.aggregate("track+dj", "b1", home=made.home.path, min_quality=0.9)) == 1


def test_the_most_frequent_spelling_is_shown_and_no_spreadsheet_runs_it(
    made: MadeHome, tmp_path: Path
) -> None:
    made.batch(
        "b1",
        *(
            [a_set(a_track(1, artist=name, title="=1+1"), source_id=name, djs=[name])]
            for name in ("NINA KRAVIZ", "Nina Kraviz", "Nína Kraviz", "Nína  Kraviz", "Nína\u200b Kraviz")
        ),
        [a_set(a_track(1, artist="Nína Kraviz", title="=1+1"), source_id="6", djs=["Nína Kraviz", " "])],
        [
            a_set(
                a_track(1, artist="ガク", title="T"),
                a_track(2, artist="カク", title="T"),
                source_id="7",
                djs=[],
            )
        ],
    )
    djs = table(made.home.path, tmp_path, "dj")
    assert djs[["dj", "sets"]].to_numpy().tolist() == [["Nína Kraviz", 6]]
    artists = table(made.home.path, tmp_path, "artist")
    assert sorted(artists["artist"]) == ["Nína Kraviz", "カク", "ガク"], "a voiced letter is another one"
    table(made.home.path, tmp_path, "track")
    with (tmp_path / "track.csv").open(encoding="utf-8", newline="") as file:
        assert list(csv.reader(file))[1][:5] == ["Nína Kraviz", "'=1+1", "6", "6", "6"]


def test_tables_are_the_same_bytes_however_the_sets_lie(made: MadeHome, tmp_path: Path) -> None:
    sets = some_sets(40)
    made.batch("b1", *([one] for one in sets[20:]))
    made.batch("b2", *([one] for one in sets[:20]))
    keys, names = ("dj", "label", "event", "month", "artist", "track"), []
    for n in range(3):
        folder = tmp_path / str(n)
        assert (
            run(["aggregate", "--by", ",".join(keys), "--out", str(folder), "--home", str(made.home.path)])
            == 0
        )
        names = sorted(path.name for path in folder.iterdir())
        if n == 1:
            merge_all(made.home)
    assert names == sorted(f"{by}.{kind}" for by in keys for kind in ("csv", "parquet"))
    for name in names:
        assert len({(tmp_path / str(n) / name).read_bytes() for n in range(3)}) == 1, name


def test_parts_of_an_older_tlray_and_versions_of_fewer_rows_are_summed(
    made: MadeHome, tmp_path: Path
) -> None:
    made.batch("b1", [a_set(a_track(1), a_track(2, 60.0), source_id="1")], [a_set(a_track(1), source_id="2")])
    for kind in (PartFile.TRACKLISTS, PartFile.TRACKS):
        as_before_november_2026(made.store.published("b1", "0001-000001-00001", kind))
    assert table(made.home.path, tmp_path, "track")[["plays", "cued"]].to_numpy().tolist() == [[2, 0], [1, 1]]
    later = datetime(2026, 12, 1, tzinfo=UTC)
    made.batch("b2", [a_set(a_track(1), source_id="1", fetched_at=later)])
    assert table(made.home.path, tmp_path, "track")["plays"].tolist() == [2]


def test_a_performance_of_several_sites_counts_once_if_asked_for(made: MadeHome, tmp_path: Path) -> None:
    tracks = [a_track(n) for n in range(1, 9)]
    made.batch(
        "b1", *([a_set(*tracks, site=site, source_id=site, url=f"https://{site}/1")] for site in ("a", "b"))
    )
    assert table(made.home.path, tmp_path, "dj")[["sets", "plays"]].to_numpy().tolist() == [[2, 16]]
    assert table(made.home.path, tmp_path, "dj", "--merged")[["sets", "plays"]].to_numpy().tolist() == [
        [1, 8]
    ]
    pd.testing.assert_frame_equal(
        tlray.aggregate("dj", home=made.home.path, merged=True), pd.read_parquet(tmp_path / "dj.parquet")
    )
    with pytest.raises(UsageError, match="for the catalogue"):
        tlray.aggregate("dj", "b1", home=made.home.path, merged=True)


def test_a_home_without_sets_has_empty_tables_with_all_columns(made: MadeHome, tmp_path: Path) -> None:
    for by in ("dj", "track+month"):
        found = table(made.home.path, tmp_path, by)
        assert len(found) == 0
        (grouping,) = groupings(by)
        assert pq.read_schema(tmp_path / f"{by}.parquet").equals(grouping.schema)
    assert run(["aggregate", "--home", str(made.home.path)]) == 0
    made_here = made.home.path / "exports" / "all" / "aggregate"
    assert sorted(path.name for path in made_here.glob("*.csv")) == [
        "dj.csv",
        "event.csv",
        "label.csv",
        "month.csv",
    ]
    assert (made_here / "dj.csv").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--by", "dj,colour"], "'colour' is no key; there is dj, event, month"),
        (["--by", ""], "is no key"),
        (["--by", "artist+track"], "a track has its artist"),
        (["b9"], "b9"),
        (["b1", "--merged"], "--merged is for the catalogue"),
    ],
)
def test_wrong_arguments_are_one_line(
    made: MadeHome, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    assert run(["aggregate", *arguments, "--home", str(made.home.path)]) == 2
    err = capsys.readouterr().err
    assert said in err
    assert err.count("\n") == 1


def test_a_full_temporary_folder_is_named(made: MadeHome) -> None:
    made.batch("b1", *([one] for one in some_sets(200)))
    with Aggregation(groupings("dj,track")) as sums:
        sums._db.execute("PRAGMA max_page_count = 8")
        parts = list(iter_tables(made.home))
        with pytest.raises(CannotFinish, match="name another folder in TMPDIR"):
            sums.read(parts)
