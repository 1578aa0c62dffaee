"""Exports as real programs read them: ffmpeg, mkvmerge, VLC, mpv, LibreOffice. CUE sheets have a file of their own.

A missing program is a skip, or a failure where TLRAY_REQUIRE_PARTS=1 says that all must be there.
"""

from __future__ import annotations

import csv
import json
import os
import random
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from made_exports import expected, text, texts
from made_sets import a_set, a_track, any_set
from real_parts import missing
from silence import MEDIA

from tlray.export.safe_text import one_line
from tlray.io.export.xlsx_book import book
from tlray.model import Tracklist

pytestmark = pytest.mark.parts

NAMES = [
    'The "Big" One', "it's 'quoted'", "夜桜 – Ночь – שלום", "ends with a backslash \\", 'in "the" middle \\" of it',
    "control\x07 tab\t newline\n end", "long " * 60, "; # = % $ & | < > -- ]]>", "=1+2", "[CHAPTER]", "#EXTVLCOPT:x",
    "\u202eturned", "no character \uffff \ud800", "_x0041_ &amp; %41", "A - B, C",
]  # fmt: skip
FEW = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def named(**about: object) -> Tracklist:
    rows = [a_track(i, 30.5 * i, artist="Artist", title=name) for i, name in enumerate(NAMES)]
    return a_set(*rows, a_track(99, title="left -- out\n[CHAPTER] \\"), **about)


def program(name: str, package: str) -> str:
    return shutil.which(name) or missing(name, f"apt-get install {package}")


def chapters_in(path: Path) -> list[tuple[int, str]]:
    """Milliseconds and names, as ffmpeg reads them."""
    command = [program("ffprobe", "ffmpeg"), "-v", "error", "-show_chapters", "-of", "json", path]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert done.stderr == ""
    return [
        (round(float(c["start_time"]) * 1000), c.get("tags", {}).get("title", "").rstrip())
        for c in json.loads(done.stdout)["chapters"]
    ]


def by_ffmpeg(document: str, folder: Path) -> list[tuple[int, str]]:
    (folder / "set.ffmetadata").write_text(document, encoding="utf-8", newline="")
    return chapters_in(folder / "set.ffmetadata")


def by_mkvmerge(document: str, folder: Path) -> list[tuple[int, str]]:
    """The chapters of a recording that mkvmerge has made with them."""
    (folder / "set.xml").write_text(document, encoding="utf-8", newline="")
    short = folder / "short.mp3"
    if not short.exists():
        short.write_bytes((folder / MEDIA).read_bytes()[:20_000])
    command = [
        program("mkvmerge", "mkvtoolnix"),
        "-q",
        "-o",
        folder / "set.mka",
        "--chapters",
        folder / "set.xml",
        short,
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (0, "")
    return chapters_in(folder / "set.mka")


@pytest.mark.parametrize(("format_", "read"), [("ffmetadata", by_ffmpeg), ("matroska", by_mkvmerge)])
def test_every_name_and_time_arrives(folder: Path, format_: str, read: object) -> None:
    made = named(title='A "Set" \\')
    assert [read(document, folder) for document in texts(format_, made)] == expected(made)  # type: ignore[operator]


@pytest.mark.parametrize(("format_", "read"), [("ffmetadata", by_ffmpeg), ("matroska", by_mkvmerge)])
@FEW
@given(made=any_set())
def test_any_chapters_arrive(folder: Path, format_: str, read: object, made: Tracklist) -> None:
    assert [read(document, folder) for document in texts(format_, made)] == expected(made)  # type: ignore[operator]


def test_ffmpeg_puts_the_chapters_into_the_recording(folder: Path) -> None:
    made = named(title="Night; Day")
    (folder / "set.ffmetadata").write_text(text("ffmetadata", made), encoding="utf-8")
    inputs = ["-i", folder / MEDIA, "-i", folder / "set.ffmetadata"]
    command = [
        "ffmpeg",
        "-v",
        "error",
        "-y",
        *inputs,
        "-map_metadata",
        "1",
        "-codec",
        "copy",
        folder / "whole.mka",
    ]
    subprocess.run(command, check=True, timeout=60)
    assert [chapters_in(folder / "whole.mka")] == expected(made)


def played_by_vlc(path: Path, n: int) -> tuple[list[str], list[int]]:
    """The first ``n`` items that VLC plays, and the second of the recording at which each begins."""
    as_somebody = ["runuser", "-u", "nobody", "--"] if os.geteuid() == 0 else []
    process = subprocess.Popen(
        [
            *as_somebody, "env", "HOME=/nonexistent", "LC_ALL=C.UTF-8", program("cvlc", "vlc-bin vlc-plugin-base"), "-I", "dummy",
            "--aout", "dummy", "--no-video", "-vvv", "--no-metadata-network-access", "--rate", "32", path,
        ],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace",
    )  # fmt: skip
    played: list[str] = []
    starts: list[int] = []
    assert process.stderr
    with process.stderr as said:
        for line in said:
            if (found := re.search(r"playlist debug: resyncing on (.*)$", line)) and found[1] != path.name:
                played.append(found[1])
                starts.append(0)
            elif played and (found := re.search(r"input debug: starting at time: (\d+)s", line)):
                starts[-1] = int(found[1])
            if len(played) == n and (starts[-1] or "EOF reached" in line):
                break
        process.terminate()
    process.wait(timeout=30)
    return played, starts


def test_vlc_plays_each_part_of_an_m3u8(folder: Path) -> None:
    names = [name for name in NAMES if re.search(r"[\\#\n\u202e,%]", name)]
    made = a_set(*(a_track(i, float(i - 1), artist="Artist", title=name) for i, name in enumerate(names, 1)))
    (folder / "set.m3u8").write_text(text("m3u8", made, media=MEDIA), encoding="utf-8")
    played, starts = played_by_vlc(folder / "set.m3u8", len(names))
    assert [" ".join(name.split()) for name in played] == [" ".join(one_line(name).split()) for name in names]
    assert starts == list(range(len(names)))


def test_vlc_plays_each_part_of_an_xspf_and_passes_over_what_has_none(folder: Path) -> None:
    rows = [a_track(1, 0), a_track(2), a_track(3, 2), a_track(4, 3)]
    (folder / "set.xspf").write_text(text("xspf", a_set(*rows), media=MEDIA), encoding="utf-8")
    played, starts = played_by_vlc(folder / "set.xspf", 4)
    parts = [start for name, start in zip(played, starts, strict=True) if name == MEDIA]
    assert parts == [0, 2, 3], played


def test_mpv_reads_the_names_of_an_m3u8(folder: Path) -> None:
    (folder / "set.m3u8").write_text(text("m3u8", named(), media=MEDIA), encoding="utf-8")
    command = [program("mpv", "mpv"), "--no-config", "--no-video", "--ao=null", "--untimed", "--end=0.01"]
    said = subprocess.run(
        [*command, "--term-playing-msg=NAME ${media-title}|${playlist-count}", folder / "set.m3u8"],
        capture_output=True, text=True, check=False, timeout=60,
    ).stdout  # fmt: skip
    found = re.findall(r"^NAME (.*)\|(\d+)$", said, re.MULTILINE)
    assert [name.strip() for name, _ in found] == [one_line(f"Artist - {name}") for name in NAMES]
    assert {count for _, count in found} == {str(len(NAMES))}


def odd_names() -> list[str]:
    odd = random.Random(20261128)
    made = [
        f"{before}{sign}1+2"
        for before in ("", " ", "'", '"', "\t", "\n")
        for sign in ("=", "+", "-", "@", "＝")
    ]
    letters = ";,|\t\n '\"=+-@19aé夜😀\u0301\u200d\ufeff\x07\x7f\ufffe<&>_x0041_{}"
    return [*NAMES, *made, *("".join(odd.choices(letters, k=odd.randint(1, 14))) for _ in range(200))]


def test_libreoffice_shows_every_text_as_it_is_and_computes_nothing(tmp_path: Path) -> None:
    soffice = program("soffice", "libreoffice-calc-nogui")
    names = odd_names()
    made = a_set(*(a_track(i, 60.5 * i, title=name) for i, name in enumerate(names)), title="=1+2")
    (tmp_path / "book.xlsx").write_bytes(b"".join(book([made])))
    every_sheet = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,true,false,false,false,false,-1"
    command = [soffice, "--headless", f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"]
    command += ["--convert-to", every_sheet, "--outdir", tmp_path, tmp_path / "book.xlsx"]
    subprocess.run(command, capture_output=True, check=True, timeout=120)
    with (tmp_path / "book-tracklists.csv").open(encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["title"], row["track_count"], row["date"]) == ("=1+2", str(len(names)), "2026-05-15")
    with (tmp_path / "book-tracks.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["title"] for row in rows] == [one_line(name) for name in names]
    assert [float(row["cue_s"]) for row in rows] == [60.5 * i for i in range(len(names))]
