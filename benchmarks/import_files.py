"""How fast does an import read files, and does its memory grow with their number?

A folder of saved pages, each of another set, on a Ray that is warm: from the listing to the end of the batch. The bare loop reads
the same files with lexbor, every field, in one process, without an archive, a journal or a check. The memory is that of small CUE
sheets.
"""

from __future__ import annotations

import gzip
from pathlib import Path

from benchmarks import pages
from benchmarks.figures import Answer, Figure, in_words, medians
from benchmarks.weighed import Tlray, run_peer, tlray_in, write_list

QUESTION = "Import of files"
SHEET = """PERFORMER "DJ {n}"
TITLE "Set {n}"
FILE "{n}.mp3" MP3
  TRACK 01 AUDIO
    TITLE "One"
    PERFORMER "A"
    INDEX 01 00:00:00
  TRACK 02 AUDIO
    TITLE "Two"
    PERFORMER "B"
    INDEX 01 04:00:00
"""


def answer(folder: Path, *, quick: bool = False) -> Answer:
    """Measure."""
    n_rounds, n_pages = (2, 600) if quick else (4, 2_000)
    few, many = (1_000, 5_000) if quick else (10_000, 100_000)
    told = Answer(QUESTION, [])
    with tlray_in(folder / "tlray") as tlray:
        tlray.tell("open", home=str(folder / "tlray" / "home"))
        imported(tlray, _sheets(folder / "warm", few), few)
        runs = []
        for number in range(n_rounds):
            runs.append(_of_pages(tlray, folder / f"pages-{number}", n_pages, seed=number))
            print(f"  pages {number + 1}/{n_rounds}: {runs[-1]}", flush=True)
        told.runs = list(runs)
        told.figures += [
            Figure("saved pages a second", [run["pages_per_s"] for run in runs], "", least=400.0),
            Figure("saved page: CPU, all processes", [run["ms"] for run in runs], " ms"),
            Figure("saved page: CPU ÷ bare loop", [run["ms"] / run["bare_ms"] for run in runs], " ×"),
            Figure("saved page: CPU of the bare loop", [run["bare_ms"] for run in runs], " ms"),
        ]
        by_process = medians([run["by_process"] for run in runs])
        told.notes.append(f"CPU per page by process: {in_words(by_process, 'ms', 0.01)}.")
        peaks = []
        for n in (few, many):
            place = _sheets(folder / f"cue-{n}", n, first=n)
            with tlray.tree.watched(memory=True) as cost:
                imported(tlray, place, n)
            peaks.append(cost.peak_mb)
            told.figures += [
                Figure(f"{n:,} CUE sheets, a second", [n / cost.wall_s], ""),
                Figure(f"{n:,} CUE sheets: CPU of one", [cost.cpu_s / n * 1e3], " ms"),
                Figure(f"{n:,} CUE sheets: peak memory, all processes", [cost.peak_mb], " MB"),
            ]
        told.figures.append(
            Figure(f"memory: {many:,} sheets over {few:,}", [peaks[1] - peaks[0]], " MB", most=100.0)
        )
    return told


def _of_pages(tlray: Tlray, place: Path, n: int, *, seed: int) -> dict[str, object]:
    save_pages(place, n, seed=100 + seed)
    paths = write_list(place.with_suffix(".txt"), [str(path) for path in sorted(place.iterdir())])
    bare, _ = run_peer("bare_files", paths, place.with_suffix(".jsonl"))
    with tlray.tree.watched() as cost:
        done = imported(tlray, place, n)
    if done["tracks"] != bare["tracks"]:
        raise SystemExit(f"tlray read {done['tracks']} rows, the bare loop {bare['tracks']}")
    return {
        "pages_per_s": n / cost.wall_s, "ms": cost.cpu_s / n * 1e3, "bare_ms": bare["cpu_s"] / n * 1e3,
        "by_process": {kind: cpu_s / n * 1e3 for kind, cpu_s in cost.cpu_by_kind.items()},
    }  # fmt: skip


def save_pages(place: Path, n: int, *, seed: int) -> Path:
    """Write a folder of saved pages, each of another set."""
    place.mkdir()
    for number, page in enumerate(pages.demo_pages(n, seed=seed)):
        (place / f"{number}.html").write_bytes(gzip.decompress(page))
    return place


def _sheets(place: Path, n: int, *, first: int = 10_000_000) -> Path:
    place.mkdir()
    for number in range(first, first + n):
        (place / f"{number}.cue").write_text(SHEET.format(n=number), encoding="ascii")
    return place


def imported(tlray: Tlray, place: Path, n: int) -> dict[str, object]:
    """Import a folder to the end of its batch."""
    done = tlray.tell("import_files", path=str(place))
    if done["counts"]["succeeded"] != n:
        raise SystemExit(f"tlray imported {done['counts']} of {n}")
    return done
