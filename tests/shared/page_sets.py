"""Sets for the page's catalogue: every precision of a cue, every identity, two recordings, versions, hostile names. Invented."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from made_catalogue import MadeHome
from made_sets import a_set, a_track, mashup_part, with_row

from tlray.core.model.quality import assess
from tlray.model import CuePrecision, Identity, Track, Tracklist

HOSTILE: Final = "<img src=x onerror=alert(1)></script>\u202egnp.exe A" + "\u0301" * 100 + "Z\u0335" * 300
ARTISTS: Final = ("Paper Comet", "Lena Brandt", "Glass Harbour", "Nine Volt Choir", "Ivo Petrák", "Süd")
TITLES: Final = (
    "Night Ferry", "Copper Rain", "Salt", "Undertow (Lena Brandt Remix)", "Parallel", "Low Tide", "Cold Front",
)  # fmt: skip
LABELS: Final = ("HARBOUR", "NORTHLINE", "KIN")
DJS: Final = ("Cleo Marchetti", "Juno Reyes", "Elif Aydın", "Bruno Castel")


def _row(index: int, cue_s: float | None, *, of: int | None = None, **given: Any) -> Track:
    """Return a row; what it is called follows from ``of``, by default from its index."""
    chosen = index if of is None else of
    artist, title, label = ARTISTS[chosen % 6], TITLES[chosen * 5 % 7], LABELS[chosen % 3]
    words = {"artist": artist, "title": title, "labels": [label], "text": f"{artist} - {title} [{label}]"}
    return a_track(index, cue_s, **words | given)


def long_set() -> Tracklist:
    """Return a set that has all that a set can have."""
    rows = [_row(i, 240.0 * (i - 1)) for i in range(1, 12)]
    rows.append(with_row(12, 11, 2_500.0, artist="Süd", title="Acapella", labels=["KIN"]))
    rows.append(_row(13, None, artist="", title="", identity=Identity.ID, text="ID - ID", labels=[]))
    known = {"identity": Identity.ID_TITLE, "text": "Glass Harbour - ID", "labels": []}
    rows.append(_row(14, None, title="", **known))
    known = {"identity": Identity.ID_REMIX, "text": "Nine Volt Choir - Salt (ID Remix, white label)"}
    rows.append(_row(15, 3_360.0, title="Salt (ID Remix)", section="Second hour", **known))
    rows.append(_row(16, 3_600.0, cue_precision=CuePrecision.MINUTE, section="Second hour"))
    rows.append(_row(17, 3_900.0, cue_precision=CuePrecision.ESTIMATE, section="Second hour"))
    played = datetime(2026, 5, 16, 0, 14, tzinfo=UTC)
    rows.append(_row(18, 4_200.0, cue_precision=CuePrecision.LOGGED, played_at=played, section="Second hour"))
    rows += [_row(i, 240.0 * i, section="Second hour") for i in range(19, 29)]
    rows += [mashup_part(29, 28), mashup_part(30, 28)]
    made = a_set(
        *rows, title="Cleo Marchetti @ Main Stage, Harbour Nights", djs=["Cleo Marchetti"], sources=["Harbour Nights"],
        duration_s=7_100.0, source_id="1main", licence="CC-BY-SA-3.0-US", attribution="MixesDB contributors",
        identified_count=len(rows) - 3, url="https://www.1001tracklists.com/tracklist/1main/x.html",
    )  # fmt: skip
    return _assessed(made)


def _assessed(tracklist: Tracklist) -> Tracklist:
    tracklist.quality, tracklist.quality_issues = assess(tracklist)
    return tracklist


def older_set() -> Tracklist:
    """Return the long set as it was half a year before: rows unknown, missing, elsewhere, with other times and labels."""
    made = long_set()
    rows = made.tracks[:-4]
    for index in (3, 4):
        rows[index - 1] = replace(rows[index - 1], artist="", title="", identity=Identity.ID, text="ID - ID")
    rows[5] = replace(rows[5], cue_s=1_212.0)
    rows[7] = replace(rows[7], labels=["KIN", "OTHER"])
    rows[9] = replace(rows[9], cue_s=None, cue_precision=CuePrecision.UNKNOWN)
    rows[24] = replace(rows[24], artist="Lena Brand")
    rows.insert(9, _row(99, None, artist="Marit Sol", title="Lost Tape", labels=[]))
    rows.insert(13, rows.pop(21))
    shift = {row.index: place for place, row in enumerate(rows, 1)}
    made.tracks = [
        replace(
            row,
            index=place,
            number=None if row.number is None else place,
            parent=row.parent and shift[row.parent],
        )
        for place, row in enumerate(rows, 1)
    ]
    made.track_count, made.cued_count = len(rows), sum(row.cue_s is not None for row in rows)
    made.identified_count = sum(row.identity is Identity.IDENTIFIED for row in rows)
    made.title, made.fetched_at = "Cleo Marchetti @ Harbour Nights", datetime(2026, 5, 16, 9, 30, tzinfo=UTC)
    return _assessed(made)


def other_source() -> Tracklist:
    """Return the long set as another site has it: fewer rows, another day, other times."""
    rows = [_row(i, 240.0 * (i - 1) + (7.0 if i > 8 else 0.0)) for i in range(1, 12)]
    rows.append(_row(12, None, artist="Marit Sol", title="Lost Tape", labels=["KIN"]))
    made = a_set(
        *rows, site="mixesdb", source_id="2026-05-16_-_Cleo_Marchetti", url="https://www.mixesdb.com/w/2026-05-16",
        title="2026-05-16 - Cleo Marchetti @ Main Stage, Harbour Nights", djs=["Cleo Marchetti"], date=date(2026, 5, 16),
        sources=["Harbour Nights"], licence="CC-BY-SA-3.0-US", attribution="MixesDB contributors", parser="mixesdb/1",
    )  # fmt: skip
    return _assessed(made)


def seed_sets(home: Path, *, n: int = 60) -> None:
    """Add the sets to a home."""
    made = MadeHome(home)
    pages = []
    for i in range(n):
        rows = [_row(j + 1, 200.0 * j, of=j + i) for j in range(8 + i % 17)]
        made_set = a_set(
            *rows,
            title=f"{DJS[i % 4]} @ Northline Session {i + 1}",
            djs=[DJS[i % 4]],
            sources=["Northline Sessions"],
            date=date(2022, 1, 15) + timedelta(days=13 * i),
            source_id=f"s{i}",
            site="mixesdb" if i % 3 else "1001tracklists",
            url=f"https://sets.example.org/{i}",
        )
        pages.append([_assessed(made_set)])
    hostile = a_set(
        _row(1, 0.0, artist=HOSTILE, title="</script>\u2066x", labels=["=1+1"]),
        _row(2, 100.0, artist="a" * 10_000),
        title=HOSTILE,
        source_id="a/b?c#d",
        djs=[HOSTILE],
        url="javascript:alert(1)",
    )
    parts = [_row(i, 300.0 * ((i - 1) % 5), recording=1 + (i > 5)) for i in range(1, 11)]
    split = a_set(*parts, title="Two parts", source_id="2parts", recordings=["a", "b"])
    no_times = [_row(i, None) for i in range(1, 6)]
    rows = [_row(i, 120.0 * (i - 1)) for i in range(1, 9)]
    inserted = _row(4, 420.0, of=99, artist="Marit Sol", title="Found Tape")
    later = [*rows[:3], inserted, *(replace(row, index=i, number=i) for i, row in enumerate(rows[3:], 5))]
    grown = [
        a_set(*some, title="One row more", source_id="4more", fetched_at=datetime(2026, 11, day, tzinfo=UTC))
        for day, some in ((1, rows), (2, later))
    ]
    dots = a_set(_row(1, 0.0), title="Two dots", source_id="..", site="file")
    bare = a_set(*no_times, title="No times at all", source_id="3bare", date=None)
    made.batch(
        "20260601-080000-00000091",
        [older_set()],
        [other_source()],
        *pages,
        [_assessed(hostile)],
        [_assessed(split)],
        [_assessed(bare)],
        [_assessed(grown[0])],
        [_assessed(dots)],
    )
    made.finish("20260601-080000-00000091")
    made.batch("20261101-080000-00000092", [long_set()], [_assessed(grown[1])])
    made.finish("20261101-080000-00000092")
    made.close()
