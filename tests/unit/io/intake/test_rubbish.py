"""A folder with all kinds of rubbish in it: every file has a set or a reason, nothing outside of the folder is opened."""

from __future__ import annotations

import gzip
import io
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from made_archives import gzip_warc, warc_record, zipped

from tlray.core.scheduling.lease import LeasedItem
from tlray.core.submission.lines import Entry
from tlray.io.intake.file_list import file_lines
from tlray.io.intake.open_file import open_file
from tlray.io.worker.read_source import read_source

LAUGHS = (
    b"<!DOCTYPE l [<!ENTITY a 'ha'>%s]><rss version='2.0'><channel><title>&l9;</title></channel></rss>"
    % b"".join(b"<!ENTITY l%d '%s'>" % (n, b"&l%d;" % (n - 1) * 10 if n else b"&a;" * 10) for n in range(10))
)
INSIDE, OUTSIDE = "A set of the folder", "A secret of another folder"


def sheet(title: str) -> bytes:
    return f'TITLE "{title}"\nFILE "a.mp3" MP3\nTRACK 01 AUDIO\nTITLE "T"\nPERFORMER "P"\nINDEX 01 00:00:00\n'.encode()


def bomb() -> bytes:
    """A zip file whose one member expands to 300 MB."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("zeros.txt", "w") as member:
        for _ in range(300):
            member.write(bytes(2**20))
    return out.getvalue()


FILES: dict[str, tuple[bytes, str]] = {
    "good.cue": (sheet(INSIDE), ""),
    "empty.txt": (b"", "empty"),
    "zeros.cue": (bytes(5_000), "empty"),
    "program.exe": (b"MZ" + bytes(range(256)) * 50, "of no kind that is read"),
    "picture.jpg": (b"\xff\xd8\xff\xe0" + bytes(range(256)) * 50, "of no kind that is read"),
    "video.cue": (bytes(range(255, 0, -1)) * 50, "no TRACK"),
    "letter.txt": (b"Dear Ann,\nsee you on Sunday.\n", "no list of tracks"),
    "page.html": (b"<!doctype html><title>News</title><p>Nothing", "no parser"),
    "half.html": (b"<html><head><title", ""),
    "script.html": (b"<html><script>" + b"a(" * 5_000 + b"</script>", ""),
    "deep.html": (b"<html><body>" + b"<div>" * 20_000, ""),
    "deep.json": (b'{"chapters": ' + b"[" * 20_000, ""),
    "laughs.xml": (LAUGHS, "entit"),
    "entity.xml": (
        b'<!DOCTYPE r [<!ENTITY x SYSTEM "file://OUT">]><rss version="2.0"><channel><title>&x;</title></channel></rss>',
        "entit",
    ),
    "parameter.nml": (b'<!DOCTYPE NML [<!ENTITY % p SYSTEM "file://OUT"> %p;]><NML VERSION="19"></NML>', "entit"),
    "half.xml": (b'<rss version="2.0"><channel><item><title>x', ""),
    "half.zip": (zipped({"a.cue": sheet("x")})[:-30], "not a whole zip file"),
    "half.gz": (gzip.compress(sheet("x"))[:-9], "not a whole gzip file"),
    "half.warc": (b"WARC/1.1\r\nWARC-Type: resp", "WARC"),
    "bomb.gz": (gzip.compress(bytes(70_000_000)), "too large"),
    "bomb.zip": (bomb(), "expands more than 200 times"),
    "onion.zip": (zipped({"inner.zip": zipped({"a.cue": sheet("x")})}), "an archive inside an archive"),
    "up.zip": (zipped({"../up.cue": sheet("x")}), "leads out of the archive"),
    "root.zip": (zipped({"/etc/up.cue": sheet("x")}), "leads out of the archive"),
    "drive.zip": (zipped({"C:\\up.cue": sheet("x")}), "leads out of the archive"),
    "errors.warc.gz": (gzip_warc(warc_record(b"<html>", status=b"404 Gone")), "HTTP 404"),
    "lies.warc": (warc_record(b"<html>x").replace(b"Content-Length: ", b"Content-Length: 99"), ""),
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.cue").write_bytes(sheet(OUTSIDE))
    root = tmp_path / "sets"
    root.mkdir()
    for name, (body, _) in FILES.items():
        (root / name).write_bytes(body.replace(b"OUT", os.fsencode(outside / "secret.cue")))
    (root / os.fsdecode(b"caf\xe9 \x1b[2J\n.cue")).write_bytes(sheet("A name"))
    (root / ".hidden.cue").write_bytes(sheet("x"))
    (root / "loop").symlink_to(root)
    (root / "out").symlink_to(outside)
    (root / "secret.cue").symlink_to(outside / "secret.cue")
    (root / "nowhere.cue").symlink_to(root / "not there")
    os.mkfifo(root / "pipe.cue")
    with (root / "huge.txt").open("wb") as huge:
        huge.truncate(500_000_000)
    return root


OTHERS = {
    ".hidden.cue": "hidden", "loop": "link", "out": "link", "secret.cue": "link", "nowhere.cue": "link",
    "pipe.cue": "neither a file nor a folder", "huge.txt": "too large",
}  # fmt: skip


def reasons(root: Path) -> Iterator[tuple[str, str | None, str]]:
    """Yield each file or member as an import treats it: its name, why it is no set, and the titles of its sets."""
    for number, line in enumerate(file_lines([(root, "")])):
        if isinstance(line, Entry):
            assert line.source is not None
            item = LeasedItem(number, "b", line.domain, line.source, line.fingerprint, 1)
            _, outcome, sets = read_source(item)
            yield line.source, outcome.reason, " ".join(found.title for found in sets)
        else:
            yield line.text, line.reason, ""


def test_every_file_is_a_set_or_has_a_reason_and_nothing_else_is_opened(folder: Path) -> None:
    found = list(reasons(folder))
    expected = {name: reason for name, (_, reason) in FILES.items()} | OTHERS
    for name, reason in expected.items():
        said = [why for where, why, _ in found if f"sets/{name}" in where]
        assert len(said) == 1, (name, said)
        if name == "good.cue":
            assert said == [None]
        else:
            assert said[0], name
            assert reason in said[0], (name, said)
            assert said[0].isprintable(), name
    assert len(found) == len(expected) + 1, "one more has a name that is no UTF-8"
    assert {titles for _, _, titles in found} == {INSIDE, "A name", ""}
    assert OUTSIDE not in repr(found)


def test_what_the_system_cannot_read_has_its_reason() -> None:
    (found,) = open_file(Path("/proc/self/mem"))  # the superuser cannot either
    assert "cannot be read" in getattr(found, "reason", "")


def test_folders_beyond_the_longest_path_end_with_a_reason(tmp_path: Path) -> None:
    here = Path.cwd()
    try:
        os.chdir(tmp_path)
        for _ in range(25):
            Path("d" * 200).mkdir()
            os.chdir("d" * 200)
        Path("deep.cue").write_bytes(sheet("x"))
    finally:
        os.chdir(here)
    (tmp_path / "top.cue").write_bytes(sheet(INSIDE))
    found = list(reasons(tmp_path))
    assert [titles for _, _, titles in found if titles] == [INSIDE]
    assert any("cannot be read" in (reason or "") for _, reason, _ in found)
