"""CUE sheets as real programs read them: libcue (MPD, GNOME, Audacious), mpv and VLC. ffmpeg reads none.

A missing program is a skip, or a failure where TLRAY_REQUIRE_PARTS=1 says that all must be there.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from real_parts import missing
from silence import MEDIA

from tlray.export.cue_sheet import per_set
from tlray.export.interface import SetFile
from tlray.export.options import CueOptions, Over99
from tlray.model import CuePrecision, Identity, Track, TrackKind, Tracklist

pytestmark = pytest.mark.parts


class Chapter(NamedTuple):
    start_s: float
    title: str


Player = Callable[[bytes], list[Chapter]]


@pytest.fixture
def libcue(capfd: pytest.CaptureFixture[str]) -> Player:
    """libcue 2; it complains on stderr of what it does not understand, and must not."""
    try:
        lib = ctypes.CDLL("libcue.so.2")
    except OSError:
        missing("libcue", "apt-get install libcue2")
    handle = ctypes.c_void_p
    for name in ("cue_parse_string", "cd_get_track", "track_get_cdtext"):
        getattr(lib, name).restype = handle
    lib.cdtext_get.restype = ctypes.c_char_p
    lib.track_get_start.restype = ctypes.c_long
    pti_title = 0

    def read(sheet: bytes) -> list[Chapter]:
        cd = handle(lib.cue_parse_string(sheet))
        assert cd, "libcue refuses the sheet"
        tracks = [handle(lib.cd_get_track(cd, i)) for i in range(1, lib.cd_get_ntrack(cd) + 1)]
        titles = [lib.cdtext_get(pti_title, handle(lib.track_get_cdtext(track))) for track in tracks]
        chapters = [
            Chapter(lib.track_get_start(track) / 75, title.decode())
            for track, title in zip(tracks, titles, strict=True)
        ]
        lib.cd_delete(cd)
        assert capfd.readouterr().err == ""
        return chapters

    return read


@pytest.fixture
def mpv(folder: Path) -> Player:
    if not shutil.which("mpv"):
        missing("mpv", "apt-get install mpv")

    def read(sheet: bytes) -> list[Chapter]:
        (folder / "mpv.cue").write_bytes(sheet)
        # it says what it plays once the sound is open; --end keeps that short
        command = ["mpv", "--no-config", "--no-video", "--ao=null", "--untimed", "--end=0.01"]
        said = subprocess.run(
            [*command, "--term-playing-msg=CHAPTERS ${=chapter-list}", folder / "mpv.cue"],
            capture_output=True,
            text=True,
            check=False,  # 2 for "--end", which it takes for an error
            timeout=60,
        ).stdout
        found = re.search(r"^CHAPTERS (.*)$", said, re.MULTILINE)
        assert found, said
        return [Chapter(c["time"], c["title"]) for c in json.loads(found[1])]

    return read


@pytest.fixture
def vlc(folder: Path) -> Player:
    if not shutil.which("cvlc"):
        missing("VLC", "apt-get install vlc-bin vlc-plugin-base")

    def read(sheet: bytes) -> list[Chapter]:
        (folder / "vlc.cue").write_bytes(sheet)
        as_somebody = ["runuser", "-u", "nobody", "--"] if os.geteuid() == 0 else []
        command = [
            "cvlc",
            "-I",
            "dummy",
            "--aout",
            "dummy",
            "--no-video",
            "-vvv",
            "--no-metadata-network-access",
        ]
        process = subprocess.Popen(
            [*as_somebody, "env", "HOME=/nonexistent", "LC_ALL=C.UTF-8", *command, folder / "vlc.cue"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        chapters: list[Chapter] = []
        start_s = None
        assert process.stderr
        with process.stderr as said:
            for line in said:
                if found := re.search(r"lua stream debug: Option: :start-time=(.*)$", line):
                    start_s = float(found[1])
                elif start_s is not None and (found := re.search(r"lua stream debug: Title: ?(.*)$", line)):
                    chapters.append(Chapter(start_s, found[1]))
                    start_s = None
                elif "deleting item `vlc.cue'" in line or "input debug: EOF" in line:
                    break  # the sheet has been turned into its tracks
            process.terminate()
        process.wait(timeout=30)
        return chapters

    return read


def a_set(
    *tracks: tuple[float | None, str], title: str = "Someone @ Somewhere", djs: str = "Someone"
) -> Tracklist:
    rows = [
        Track(
            index=i,
            number=i,
            kind=TrackKind.MAIN,
            cue_s=cue_s,
            cue_precision=CuePrecision.SECOND,
            artist="Artist",
            title=name,
            identity=Identity.IDENTIFIED,
            text=f"Artist - {name}",
        )
        for i, (cue_s, name) in enumerate(tracks, 1)
    ]
    return Tracklist(
        url="https://example.com/DATE/GENRE",
        site="example",
        source_id="x",
        title=title,
        djs=[djs],
        genres=["House"],
        track_count=len(rows),
        identified_count=len(rows),
        cued_count=len(rows),
        tracks=rows,
        parser="example/1",
    )


def sheets(tracklist: Tracklist, over_99: Over99 = Over99.SPLIT) -> list[bytes]:
    pieces = per_set(tracklist, CueOptions(media=MEDIA, over_99=over_99))
    return [b"".join(p.chunks) for p in pieces if isinstance(p, SetFile)]


PLAYERS = ["libcue", "mpv", "vlc"]


@pytest.fixture(params=PLAYERS)
def player(request: pytest.FixtureRequest) -> Player:
    found: Player = request.getfixturevalue(request.param)
    return found


NAMES = [
    'The "Big" One',
    "it's 'quoted'",
    "夜桜 – Ночь – שלום",
    "ends with a backslash \\",
    'in "the" middle \\" of it',
    "control\x07 tab\t newline\n end",
    "TRACK 99 AUDIO INDEX 01 00:00:00",
    "long " * 60,
    "; # = % $ & | < >",
]


def test_every_name_and_time_arrives(player: Player) -> None:
    tracklist = a_set(*((60.0 * i, name) for i, name in enumerate(NAMES)), (None, "UPDATED left out, GENRE"))
    (sheet,) = sheets(tracklist)
    chapters = player(sheet)
    assert [c.start_s for c in chapters] == [60.0 * i for i in range(len(NAMES))]
    expected = [re.sub(r"[\x00-\x1f]", " ", name).replace('"', "'").strip() for name in NAMES]
    assert [c.title.strip() for c in chapters] == expected


def test_a_recording_goes_on_beyond_99_minutes(player: Player) -> None:
    (sheet,) = sheets(a_set((0, "A"), (99 * 60 + 59.96, "B"), (100 * 60, "C"), (120 * 60 + 1 / 3, "D")))
    times = [c.start_s for c in player(sheet)]
    assert times == pytest.approx([0, 5999.96, 6000, 7200 + 1 / 3], abs=0.001)


def test_a_split_set_arrives_whole(player: Player) -> None:
    whole = a_set(*((30.0 * i, f"T{i}") for i in range(210)))
    first, second, third = (player(sheet) for sheet in sheets(whole))
    assert len(first) == len(second) == 99
    assert [*first, *second[1:], *third[1:]] == [Chapter(30.0 * i, f"T{i}") for i in range(210)]
    assert second[0] == Chapter(0, "(before this part)")


@pytest.mark.parametrize("name", ["mpv", "vlc"])
def test_more_than_99_tracks_in_one_sheet_are_read_by_players_without_libcue(
    name: str, request: pytest.FixtureRequest
) -> None:
    whole = a_set(*((30.0 * i, f"T{i}") for i in range(210)))
    (sheet,) = sheets(whole, Over99.ALLOW)
    assert len(request.getfixturevalue(name)(sheet)) == 210


def test_a_head_of_any_length_is_read(player: Player) -> None:
    (sheet,) = sheets(a_set((0, "A"), (60, "B"), title="桜" * 800, djs="夜" * 800))
    assert [c.title for c in player(sheet)] == ["A", "B"]
