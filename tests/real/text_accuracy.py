"""How well text is read, measured on real files: Soulection's shows, descriptions of SoundCloud and YouTube, lists of MixesDB.

Run as a program (``PYTHONPATH=. python tests/real/text_accuracy.py [FOLDER]``) it prints the figures and what is wrong;
the folder is ``../shared/sources``. `test_text_lists.py` asserts them.
"""

from __future__ import annotations

import csv
import gzip
import json
import re
import sys
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tlray.model import Track, TrackKind
from tlray.sites.text import Dialect, FoundList, find_list

SHAPES = ("{raw}", "{time} {raw}", "{n}. {raw}", "{n:02d}. [{time}] {raw}", "{raw} {time}")
"""The ways in which a show is written as a text."""


@dataclass
class Score:
    """How many of how many are right, and what is not."""

    right: int = 0
    total: int = 0
    wrong: list[str] = field(default_factory=list)

    def add(self, is_right: bool, what: object) -> None:
        self.total += 1
        self.right += is_right
        if not is_right:
            self.wrong.append(str(what))

    @property
    def share(self) -> float:
        return self.right / self.total if self.total else 0.0

    def __str__(self) -> str:
        return f"{self.right} of {self.total} ({self.share:.2%})"


def bare(text: str | None) -> str:
    """Return the letters and digits of a text, without accents and case."""
    return "".join(char for char in unicodedata.normalize("NFKD", text or "").casefold() if char.isalnum())


def load(path: Path) -> Any:
    return json.loads(gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes())


def tracks_in(text: str, **options: Any) -> list[Track]:
    found = find_list(text, **options)
    rows = found.tracks if isinstance(found, FoundList) else []
    return [track for track in rows if track.kind is not TrackKind.MASHUP_PART]


def seconds(time: str) -> int:
    total = 0
    for part in time.split(":"):
        total = total * 60 + int(part)
    return total


def shows(folder: Path) -> Iterator[tuple[str, list[tuple[str, list[dict[str, Any]]]]]]:
    """Yield each show of Soulection: its title, its chapters with their markers that have text."""
    for path in sorted((folder / "soulection").glob("*.json*")):
        show = load(path)
        if isinstance(show, dict) and show["chapters"]:
            yield (
                show["title"],
                [(c["title"], [m for m in c["markers"] if bare(m["rawTrack"])]) for c in show["chapters"]],
            )


def soulection(folder: Path, shape: str) -> tuple[Score, Score]:
    """Return how many names and how many cues are right; a zero behind the first row of a chapter is no time."""
    names, cues = Score(), Score()
    for title, chapters in shows(folder):
        lines, expected = [title, "", "Tracklist:"], []
        for chapter, markers in chapters:
            lines += ["", f"{chapter}:", ""]
            for at, marker in enumerate(markers):
                time = marker["timestamp"] or ""
                line = shape.format(raw=marker["rawTrack"], time=time, n=at + 1).replace("[] ", "").strip()
                lines.append(line)
                start = seconds(time) if time and "time" in shape else None
                expected.append((marker["rawTrack"], marker["track"], None if start == 0 and at else start))
        got = tracks_in("\n".join(lines))
        rows = dict(enumerate(got)) if len(got) == len(expected) else _aligned(got, [e[0] for e in expected])
        for at, (raw, known, start) in enumerate(expected):
            track = rows.get(at)
            if "time" in shape:
                cues.add(
                    track is not None and track.cue_s == start, (title, raw, start, track and track.cue_s)
                )
            if known is not None:
                names.add(
                    track is not None and _is_named(track, raw, known),
                    (title, raw, track and (track.artist, track.title)),
                )
    return names, cues


def _aligned(got: list[Track], raws: list[str]) -> dict[int, Track]:
    rows: dict[int, Track] = {}
    at = 0
    for wanted, raw in enumerate(raws):
        found = next((n for n in range(at, min(len(got), at + 8)) if bare(got[n].text) == bare(raw)), None)
        if found is not None:
            rows[wanted], at = got[found], found + 1
    return rows


def _is_named(track: Track, raw: str, known: dict[str, Any]) -> bool:
    """True if the names are those of the site, or of its line where the site has corrected them."""
    artist, dash, title = raw.partition(" - ")
    return (bare(track.artist), bare(track.title)) in [
        (bare(known["artist"]["title"]), bare(known["title"])),
        *([(bare(artist), bare(title))] if dash else []),
    ]


def descriptions(folder: Path) -> tuple[Score, Score]:
    """Return how many blocks are found exactly, and of how many texts without a list none is made."""
    blocks, none = Score(), Score()
    told = load(folder / "text" / "soundcloud-descriptions.json")
    for case in told["descriptions"] + told["comments"]:
        expected = case["expect"]
        got = tracks_in(case.get("text") or "\n".join(case["comments"]))
        where = case.get("url") or case["what"]
        if expected is None:
            none.add(not got, where)
            continue
        lines = [line for line in expected.get("text", "").split("\n") if not line.startswith(";")]
        ends = (expected.get("first") or lines[0], expected.get("last") or lines[-1])
        is_right = len(got) == expected["lines"] and all(
            _is_line(line, track) for line, track in zip(ends, (got[0], got[-1]), strict=True)
        )
        blocks.add(is_right, (where, expected["lines"], len(got)))
    return blocks, none


def _is_line(line: str, track: Track) -> bool:
    line = re.sub(r"^\d{1,3}[.) ]\s*(?:- )?", "", line)
    line = re.sub(r"\[[\d:?]+\]\s*|'''.*?'''\s*", "", line)
    return bare(line) in (bare(track.text), bare(track.artist + track.title + "".join(track.labels)))


def videos(folder: Path) -> Score:
    """Return how many rows of descriptions of videos are as others have read them: time, artist, beginning of the title."""
    score = Score()
    for path in sorted((folder / "youtube").glob("*.json")):
        video = load(path)
        got = tracks_in(video["description"], duration_s=video["duration_seconds"])
        for at, known in enumerate(video["tracklist"]):
            if known["title"] and known["timestamp"] in video["description"]:
                track = got[at] if at < len(got) else None
                artist = re.sub(r"^\d+\.? ", "", known["artist"] or "")
                is_right = (
                    track is not None
                    and track.cue_s == known["timestamp_seconds"]
                    and bare(track.artist) == bare(artist)
                )
                score.add(
                    is_right and bare(track and track.title).startswith(bare(known["title"])),
                    (path.name, known, track),
                )
    return score


def wikitext(folder: Path) -> Score:
    """Return how many rows of MixesDB are found with their own time, title and label."""
    score = Score()
    text = (folder / "mixesdb" / "Examples.txt").read_text(encoding="utf-8")
    text += (folder / "mixesdb" / "TRANSCRIBED-wikitext-lists.txt").read_text(encoding="utf-8")
    for block in re.split(r"^(?:Original|Candidate|Expected result):$|^== .*==$", text, flags=re.MULTILINE):
        rows = [
            line for line in block.split("\n") if line.strip() and line.strip() != "..." and line[0] in "#["
        ]
        found = find_list(block, dialect=Dialect.MIXESDB) if rows else None
        tracks = found.tracks if isinstance(found, FoundList) else []
        for at, row in enumerate(rows):
            cue = re.match(r"(?:# )?(\[[\d?:]+\])?", row)
            label = re.search(r"\[([^\[\]]+?)(?: - [^\[\]]+)?\](?:'')?$", row)
            track = tracks[at] if len(tracks) == len(rows) else None
            is_right = track is not None and track.cue_text == (cue and cue[1])
            score.add(
                is_right
                and (track.labels if track else None)
                == ([label[1]] if label and label[1] not in row[:8] else []),
                (row, track),
            )
    return score


def parts(folder: Path) -> Score:
    """Return how many rows of a set in three parts, whose times begin anew, are right."""
    score = Score()
    with (folder / "mixesdb" / "TRANSCRIBED-laceto-tracklist.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    lines = []
    for at, row in enumerate(rows):
        if at == 0 or row["part"] != rows[at - 1]["part"]:
            lines.append(f";{row['part']}")
        lines.append(f"# [{row['timestamp']}] {row['raw']}")
    found = find_list("\n".join(lines), dialect=Dialect.MIXESDB)
    for row, track in zip(rows, found.tracks if isinstance(found, FoundList) else [], strict=True):
        start = None if "?" in row["timestamp"] else seconds(row["timestamp"])
        known = (row["artist"], row["title"], start, int(row["part"][-1]))
        score.add((track.artist, track.title, track.cue_s, track.recording) == known, (row, track))
    return score


def figures(folder: Path) -> dict[str, Score]:
    """Return all figures by what they measure."""
    measured: dict[str, Score] = {}
    for shape in SHAPES:
        measured[f"Soulection, names, as {shape!r}"], cues = soulection(folder, shape)
        if "time" in shape:
            measured[f"Soulection, cues, as {shape!r}"] = cues
    measured["descriptions, blocks found exactly"], measured["descriptions without a list, none made"] = (
        descriptions(folder)
    )
    measured["videos, rows"] = videos(folder)
    measured["MixesDB, rows"] = wikitext(folder)
    measured["MixesDB, rows in parts"] = parts(folder)
    return measured


if __name__ == "__main__":
    for what, score in figures(Path(sys.argv[1] if len(sys.argv) > 1 else "../shared/sources")).items():
        print(f"{what:60} {score}")  # noqa: T201
        for wrong in score.wrong:
            print(f"    {wrong}")  # noqa: T201
