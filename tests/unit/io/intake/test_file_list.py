"""Files and folders as the lines of a list, and each opened again by its place."""

from __future__ import annotations

import gzip
from pathlib import Path
from zipfile import ZIP_STORED

import pytest
from made_archives import gzip_warc, wacz, warc_record, zipped

from tlray.core.model.file_source import FILE_DOMAIN, FileSource
from tlray.core.submission.lines import Chunk, Entry
from tlray.io.intake import warc
from tlray.io.intake.file_list import file_chunks
from tlray.io.intake.members import Given, Member, Refusal, base_name
from tlray.io.intake.open_file import open_file
from tlray.io.intake.open_member import open_member

PAGES = [warc_record(b"<html>page %d</html>" % n, f"https://radio.example/{n}") for n in range(5)]
GIVEN = Given("an archive")
ARCHIVES = {
    "plain.warc": b"".join(PAGES),
    "packed.warc.gz": gzip_warc(*PAGES),
    "whole.wacz": wacz(gzip_warc(*PAGES[:2]), gzip_warc(*PAGES[2:])),
    "stored.zip": zipped({"a.warc": b"".join(PAGES), "b.warc.gz": gzip_warc(*PAGES)}, ZIP_STORED),
    "packed.zip": zipped({"a.warc": b"".join(PAGES), "b.warc.gz": gzip_warc(*PAGES), "c.cue": b"TITLE z"}),
    "some.zip": zipped({"a/x.txt": b"one", "b/x.txt": b"two", "c.txt.gz": gzip.compress(b"three")}),
    "set.cue": b"TITLE x",
    "set.cue.gz": gzip.compress(b"TITLE y"),
}


def lines_of(*paths: Path) -> Chunk:
    whole = Chunk()
    for chunk in file_chunks(paths):
        whole.entries.extend(chunk.entries)
        whole.refused.extend(chunk.refused)
    return whole


@pytest.mark.parametrize("name", ARCHIVES)
def test_every_member_is_opened_again_by_its_place(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(ARCHIVES[name])
    given = Given(base_name(name))
    members = [found for found in open_file(path, given) if isinstance(found, Member)]
    assert members
    for member in (*members, *reversed(members)):
        again = open_member(path, given, member.locator, member.offset)
        assert isinstance(again, Member)
        assert again.file == member.file


@pytest.mark.parametrize("name", ["plain.warc", "packed.warc.gz", "stored.zip", "whole.wacz"])
def test_a_page_of_a_long_warc_is_read_without_those_before_it(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(ARCHIVES[name])
    given = Given(name)
    last = [found for found in open_file(path, given) if isinstance(found, Member)][-1]
    content = bytearray(path.read_bytes())
    assert last.offset
    content[: last.offset] = bytes(last.offset)  # nothing of it can be read any more
    path.write_bytes(content)
    again = open_member(path, given, last.locator, last.offset)
    assert isinstance(again, Member)
    assert again.file.body == last.file.body


def test_members_that_have_no_place_of_their_own_are_read_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "packed.zip"
    path.write_bytes(zipped({"a.warc": b"".join(PAGES)}))
    n_read = 0

    def counted(*args: object) -> object:
        nonlocal n_read
        n_read += 1
        return read_record(*args)

    members = [found for found in open_file(path, GIVEN) if isinstance(found, Member)]
    read_record = warc._read_record
    monkeypatch.setattr(warc, "_read_record", counted)
    for member in members:
        open_member(path, GIVEN, member.locator, member.offset)
    assert n_read == len(members) == len(PAGES)


@pytest.mark.parametrize("offset", [None, 7])
def test_what_is_no_longer_there_is_refused_with_a_reason(tmp_path: Path, offset: int | None) -> None:
    path = tmp_path / "some.zip"
    path.write_bytes(ARCHIVES["some.zip"])
    found = open_member(path, Given("some.zip"), "gone.txt", offset)
    assert isinstance(found, Refusal)
    assert "changed since it was listed" in found.reason
    path.unlink()
    found = open_member(path, Given("some.zip"), "gone.txt", offset)
    assert isinstance(found, Refusal)
    assert "cannot be read" in found.reason


def test_items_have_no_folder_and_their_places_have(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "a b.cue").write_bytes(b"TITLE x")
    (entry,) = lines_of(tmp_path / "mine").entries
    assert (entry.url, entry.domain) == ("file:///a%20b.cue", FILE_DOMAIN)
    assert entry.source is not None
    assert FileSource.parse(entry.source).path == str(tmp_path / "mine" / "a b.cue")


def test_equal_files_have_one_fingerprint_and_no_scraped_page_has_it(tmp_path: Path) -> None:
    for name, body in (("a.txt", b"same"), ("b.txt", b"same"), ("c.txt", b"other")):
        (tmp_path / name).write_bytes(body)
    page = (
        b'<html><head><link rel="canonical" href="https://www.1001tracklists.com/tracklist/1pn8l919/%s.html">'
    )
    (tmp_path / "d.html").write_bytes(page % b"one")
    (tmp_path / "e.html").write_bytes(page % b"two")
    a, b, c, d, e = (entry.fingerprint for entry in lines_of(tmp_path).entries)
    assert a == b != c
    assert d == e == "file:1001tracklists:1pn8l919"


def test_what_is_not_read_is_a_refused_line_with_its_place_and_reason(tmp_path: Path) -> None:
    root = tmp_path / "sets"
    root.mkdir()
    (root / "loop").symlink_to(root)
    (root / "out.zip").write_bytes(zipped({"../evil.cue": b"x", "good.cue": b"TITLE x"}))
    (root / "huge.txt").touch()
    with (root / "huge.txt").open("r+b") as file:
        file.truncate(500_000_000)
    found = lines_of(root, tmp_path / "sets" / "out.zip")
    refused = {line.text: line.reason for line in found.refused}
    assert refused.keys() == {"sets/loop", "sets/huge.txt", "sets/out.zip/../evil.cue", "out.zip/../evil.cue"}
    assert all(refused.values())
    assert [type(entry) for entry in found.entries] == [Entry, Entry]
    numbers = sorted(line.line for line in (*found.entries, *found.refused))
    assert numbers == list(range(1, 7))
