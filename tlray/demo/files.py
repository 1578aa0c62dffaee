"""A folder of files as a user has them, with invented sets: saved pages, a CUE sheet, a playlist, text, chapters; and rubbish."""

from __future__ import annotations

import gzip
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tlray.demo.page import page_of
from tlray.demo.plan import Plan
from tlray.demo.rows import make_set
from tlray.demo.truth import truth_of

Rows = list[dict[str, Any]]


def write_files(folder: Path, seed: int = 1) -> None:
    """Write seven files with a set, one of them twice, and two without."""
    plan = Plan(seed, 7, 1)
    sets = [make_set(seed, i, plan.head(i)) for i in range(7)]
    truths = [truth_of(demo, url="https://demo.invalid/") for demo in sets]
    folder.mkdir(parents=True, exist_ok=True)
    pages = [page_of(demo).encode() for demo in sets[:2]]
    (folder / "saved page.html").write_bytes(pages[0])
    (folder / "the same, saved again.html.gz").write_bytes(gzip.compress(pages[0]))
    with zipfile.ZipFile(folder / "more pages.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("another page.html", pages[1])
    writers: dict[str, Callable[[str, Rows], str]] = {
        "mix.cue": _sheet,
        "playlist.m3u8": _playlist,
        "show notes.txt": _notes,
        "chapters.json": _chapters,
    }
    for truth, (name, write) in zip(truths[2:], writers.items(), strict=False):
        rows = [row for row in truth["tracks"] if row["kind"] == "main" and row["cue_s"] is not None]
        (folder / name).write_text(write(truth["title"], rows), encoding="utf-8")
    (folder / "empty.txt").touch()
    (folder / "cover.jpg").write_bytes(b"\xff\xd8\xff\xe0" + bytes(range(256)))


def _name(row: dict[str, Any]) -> str:
    return f"{row['artist']} - {row['title']}"


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60:02}:{int(seconds) % 60:02}"


def _sheet(title: str, rows: Rows) -> str:
    tracks = (
        f'  TRACK {n:02} AUDIO\n    TITLE "{row["title"]}"\n    PERFORMER "{row["artist"]}"\n'
        f"    INDEX 01 {_clock(row['cue_s'])}:00\n"
        for n, row in enumerate(rows, 1)
    )
    return f'TITLE "{title}"\nFILE "mix.mp3" MP3\n' + "".join(tracks)


def _playlist(title: str, rows: Rows) -> str:
    return f"#EXTM3U\n#PLAYLIST:{title}\n" + "".join(
        f"#EXTINF:240,{_name(row)}\n/music/{n}.mp3\n" for n, row in enumerate(rows, 1)
    )


def _notes(title: str, rows: Rows) -> str:
    lines = (f"[{_clock(row['cue_s'])}] {_name(row)}\n" for row in rows)
    return f"{title}\n\nThanks for listening!\n\nTracklist:\n{''.join(lines)}"


def _chapters(title: str, rows: Rows) -> str:
    chapters = [{"startTime": row["cue_s"], "title": _name(row)} for row in rows]
    return json.dumps({"version": "1.2.0", "title": title, "chapters": chapters})
