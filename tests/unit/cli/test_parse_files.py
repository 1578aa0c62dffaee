"""``tlray parse`` reads every kind of file: one JSON line a file, whatever is in it."""

from __future__ import annotations

import gzip
import io
import json
import os
import zipfile
from importlib import import_module
from pathlib import Path

import pytest
from made_home import html

from tlray.cli import run

LIST = "\n".join(f"{n}. Kepler {n} - Salt {n}" for n in range(1, 7))
FEED = f"<rss><channel><title>T</title><item><title>12</title><description>{LIST}</description></item></channel></rss>"
OWN = "https://www.1001tracklists.com/tracklist/1pn8l919/x.html"


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def make(folder: Path, files: dict[str, bytes | str]) -> list[str]:
    for name, body in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(body if isinstance(body, bytes) else body.encode())
    return [str(folder / name) for name in files]


def warc(*bodies: bytes) -> bytes:
    records = []
    for number, body in enumerate(bodies):
        http = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + body
        records.append(
            b"WARC/1.1\r\nWARC-Type: response\r\nWARC-Record-ID: <urn:uuid:%d>\r\nWARC-Target-URI: https://x.example/%d\r\n"
            % (number, number)
            + b"WARC-Date: 2026-11-01T00:00:00Z\r\nContent-Type: application/http; msgtype=response\r\nContent-Length: %d\r\n\r\n"
            % len(http)
            + http
            + b"\r\n\r\n"
        )
    return b"".join(map(gzip.compress, records))


def test_each_kind_gives_its_sets(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    chapters = json.dumps(
        {
            "version": "1.2.0",
            "chapters": [{"startTime": n * 60, "title": f"Kepler - Salt {n}"} for n in range(5)],
        }
    )
    info = json.dumps({"id": "a", "title": "b", "extractor": "youtube", "description": LIST})
    files = {
        "feed.xml": FEED,
        "a.chapters.json": chapters,
        "a.info.json": info,
        "a.txt": LIST,
        "a.html": html(0),
    }
    assert run(["parse", *make(tmp_path, files)]) == 0
    found = lines(capsys)
    assert [Path(line["file"]).name for line in found] == list(files)
    assert [(line["kind"], line["reason"], len(line["tracklists"])) for line in found] == [
        ("tracklist", None, 1)
    ] * 5
    assert [line["tracklists"][0]["parser"] for line in found][:4] == [
        "feed/1",
        "chapters/1",
        "info-json/1",
        "text/2",
    ]
    assert all(line["tracklists"][0]["quality"] > 0 for line in found)


def test_what_parse_writes_parse_reads(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["parse", *make(tmp_path, {"feed.xml": FEED, "a.html": html(0)})]) == 0
    written = capsys.readouterr().out
    assert run(["parse", *make(tmp_path, {"again.jsonl": written})]) == 0
    (again,) = lines(capsys)
    assert again["tracklists"] == [
        found for line in map(json.loads, written.splitlines()) for found in line["tracklists"]
    ]


def test_an_archive_is_one_line_with_all_its_sets(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (path,) = make(tmp_path, {"crawl.warc.gz": warc(html(0), b"<!doctype html><p>about us", html(1))})
    assert run(["parse", path, "--as", "warc"]) == 0
    (line,) = lines(capsys)
    assert (line["kind"], len(line["tracklists"])) == ("tracklist", 2)
    assert line["reason"] == "1 of 3 members hold no tracklist: no parser"
    (path,) = make(tmp_path, {"crawl.warc.gz": warc(b"<!doctype html><p>about us", b"<!doctype html><p>b")})
    assert run(["parse", path]) == 3
    assert lines(capsys) == [
        {
            "file": path,
            "kind": "unknown",
            "reason": "2 of 2 members hold no tracklist: no parser",
            "tracklists": [],
        }
    ]


def test_a_folder_is_a_line_a_file_and_rubbish_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("../up.txt", LIST)
        archive.writestr("in.txt", LIST)
    files = {
        "a/feed.xml": FEED,
        "a/empty.cue": b"",
        "a/photo.jpg": b"\xff\xd8\xff\xe0\0\x10JFIF",
        "b/Page.html": html(0),
        "b/Page_files/frame.html": "<!doctype html>",
        "c.zip": bomb.getvalue(),
        "d.xml": '<!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/passwd">]><rss><channel/></rss>',
        "e\x1b[31m.txt": LIST,
    }
    make(tmp_path, files)
    (tmp_path / "loop").symlink_to(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    assert run(["parse", str(tmp_path)]) == 3
    found = {line["file"].removeprefix(f"{tmp_path}/"): line for line in lines(capsys)}
    assert {name: line["reason"] for name, line in found.items()} == {
        "a/empty.cue": "empty",
        "a/feed.xml": None,
        "a/photo.jpg": "binary data of no kind that is read",
        "b/Page.html": None,
        "c.zip": "1 of 2 members hold no tracklist: ../up.txt: its name leads out of the archive",
        "d.xml": "XML that declares entities: not read",
        "e\x1b[31m.txt": None,
        "loop": "a symbolic link: links are not followed",
        "pipe": "neither a file nor a folder",
    }
    assert len(found["c.zip"]["tracklists"]) == 1


def test_the_user_says_kind_and_encoding(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    russian = LIST.replace("Kepler", "Кеплер")
    (path,) = make(tmp_path, {"set.dat": russian.encode("cp866")})
    assert run(["parse", path]) == 3
    assert run(["parse", path, "--as", "text", "--encoding", "cp866"]) == 0
    line = lines(capsys)[-1]
    assert line["tracklists"][0]["tracks"][0]["artist"] == "Кеплер 1"
    assert run(["parse", path, "--as", "warc"]) == 3
    assert lines(capsys)[0]["reason"] == "not a WARC file"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--as", "mp3"], "--as 'mp3': no such kind; choose one of chapters"),
        (["--encoding", "martian"], "--encoding 'martian': no such encoding"),
        (["--encoding", "a\0b"], "no such encoding"),
        (["--encoding", "base64"], "no such encoding"),
    ],
)
def test_wrong_options_are_one_line(
    arguments: list[str], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (path,) = make(tmp_path, {"a.txt": LIST})
    assert run(["parse", path, *arguments]) == 2
    assert says in capsys.readouterr().err


def test_many_sets_of_one_file_wait_on_disk(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_module("tlray.cli.parse"), "IN_MEMORY_BYTES", 1_000)
    item = FEED[FEED.index("<item>") : FEED.index("</channel>")]
    (path,) = make(
        tmp_path,
        {"feed.xml": FEED.replace(item, "".join(item.replace("Salt", f"Salt {n} -") for n in range(30)))},
    )
    assert run(["parse", path]) == 0
    assert len(lines(capsys)[0]["tracklists"]) == 30
