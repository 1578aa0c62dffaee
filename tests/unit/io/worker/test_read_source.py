"""Outcomes of imported files."""

from __future__ import annotations

import gzip
import io
from pathlib import Path

import pytest

from tlray.core.model.file_source import FILE_DOMAIN, FileSource
from tlray.core.model.outcome import OutcomeKind
from tlray.core.politeness.retry import RULES, RetryAction
from tlray.core.scheduling.lease import LeasedItem
from tlray.io.results.warc import ArchiveWriter, read_record
from tlray.io.worker.read_source import read_source

SHEET = b"""PERFORMER "DJ A"
TITLE "Set"
FILE "a.mp3" MP3
  TRACK 01 AUDIO
    TITLE "One"
    PERFORMER "P"
    INDEX 01 00:00:00
"""


def item_of(source: FileSource) -> LeasedItem:
    return LeasedItem(7, "b", FILE_DOMAIN, source.url, "file:x", 1)


def test_a_file_is_a_set_whose_url_and_archive_have_no_folder(tmp_path: Path) -> None:
    path = tmp_path / "my set.cue"
    path.write_bytes(SHEET)
    fetched, outcome, (found,) = read_source(item_of(FileSource(str(path))))
    assert (outcome.kind, outcome.n_sets, outcome.n_tracks) == (OutcomeKind.FETCHED, 1, 1)
    assert found.url == fetched.url == "file:///my%20set.cue"
    assert (found.media_type, found.quality > 0, found.fetched_at is not None) == (
        "application/x-cue",
        True,
        True,
    )
    assert fetched.wire_body == SHEET
    assert str(tmp_path) not in repr((fetched, outcome, found))


def test_what_is_packed_is_archived_as_it_lies(tmp_path: Path) -> None:
    path = tmp_path / "set.cue.gz"
    path.write_bytes(gzip.compress(SHEET))
    fetched, _, (found,) = read_source(item_of(FileSource(str(path))))
    assert found.media_type == "application/x-cue"
    assert (fetched.body, fetched.wire_body) == (SHEET, path.read_bytes())
    archive = ArchiveWriter()
    offset, length = archive.add(fetched)
    kept = read_record(io.BytesIO(archive.take()), offset, length)
    assert (kept.wire_body, kept.body(10_000)) == (path.read_bytes(), SHEET)


@pytest.mark.parametrize(
    ("body", "kind", "reason"),
    [
        (b"", "", "empty"),
        (bytes(range(256)), "", "of no kind that is read"),
        (SHEET, "warc", "not a WARC file"),
        (None, "", "cannot be read: No such file"),
        (b"<html><title>Captcha</title><body>solve the captcha", "page", ""),
    ],
)
def test_what_is_no_tracklist_is_final_at_once_and_no_domain_rests(
    tmp_path: Path, body: bytes | None, kind: str, reason: str
) -> None:
    path = tmp_path / "file"
    if body is not None:
        path.write_bytes(body)
    _, outcome, sets = read_source(item_of(FileSource(str(path), kind=kind)))
    assert not sets
    assert RULES[outcome.kind].action is RetryAction.DEAD
    assert outcome.reason
    assert reason in outcome.reason
