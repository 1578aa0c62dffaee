"""What is visible is what counts, whenever the power goes."""

from __future__ import annotations

import errno
import itertools
import os
import shutil
from pathlib import Path

import pandas as pd
import pytest
from made_parts import BATCH, a_set, files

from tlray.errors import CannotFinish, HomeUnusable, StorageFull
from tlray.io.disk import durable
from tlray.io.disk.home import Home
from tlray.io.results import part_writer
from tlray.io.results.part_files import (
    Piece,
    discard,
    publish,
    published_file,
    retire,
    staged_file,
    staging,
    sweep,
)
from tlray.io.results.part_writer import stage

WARC = b"a chain of gzip members"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home").create()


def visible(home: Home) -> list[int]:
    """The item ids that pandas sees."""
    folder = home.results(BATCH) / "tracklists"
    if not folder.is_dir() or not any(folder.iterdir()):
        return []
    return sorted(pd.read_parquet(folder)["item_id"])


def test_a_staged_part_is_invisible_and_a_published_one_is_there(home: Home) -> None:
    part = stage(home, BATCH, "p1", [a_set(1), a_set(2, n_tracks=5)], WARC)
    assert (part.stem, part.n_sets, part.n_tracks) == ("p1", 2, 8)
    assert part.files == (Piece.ARCHIVE, Piece.TRACKS, Piece.TRACKLISTS)
    assert part.n_bytes == sum(path.stat().st_size for path in staging(home, BATCH).iterdir())
    assert visible(home) == []
    publish(home, BATCH, "p1")
    assert visible(home) == [1, 2]
    assert len(pd.read_parquet(home.results(BATCH) / "tracks")) == 8
    assert files(home) == {
        "results/b1/tracklists/p1.parquet",
        "results/b1/tracks/p1.parquet",
        "archive/b1/p1.warc.gz",
    }
    assert published_file(home, BATCH, "p1", Piece.ARCHIVE).read_bytes() == WARC


def test_a_part_may_be_all_blocks_or_keep_no_pages(home: Home) -> None:
    assert stage(home, BATCH, "blocks", [], WARC).files == (Piece.ARCHIVE,)
    assert stage(home, BATCH, "rows", [a_set(1)], b"").files == (Piece.TRACKS, Piece.TRACKLISTS)
    publish(home, BATCH, "blocks", "rows")
    publish(home, BATCH, "blocks", "rows")
    assert visible(home) == [1]


def test_a_set_without_rows_is_a_set(home: Home) -> None:
    assert stage(home, BATCH, "p1", [a_set(1, n_tracks=0)], b"").n_tracks == 0
    publish(home, BATCH, "p1")
    assert visible(home) == [1]


@pytest.mark.parametrize("done", list(itertools.product([False, True], repeat=3)), ids=str)
def test_publishing_goes_on_wherever_it_was_cut_off(home: Home, done: tuple[bool, ...]) -> None:
    stage(home, BATCH, "p1", [a_set(1)], WARC)
    for piece, is_done in zip(Piece, done, strict=True):
        if is_done:
            target = published_file(home, BATCH, "p1", piece)
            target.parent.mkdir(parents=True, exist_ok=True)
            staged_file(home, BATCH, "p1", piece).rename(target)
    for _ in range(2):
        publish(home, BATCH, "p1")
        assert visible(home) == [1]
        assert len(files(home)) == 3


def test_a_lost_part_is_named_and_the_others_are_published(home: Home) -> None:
    stage(home, BATCH, "there", [a_set(1)], WARC)
    stage(home, BATCH, "half", [a_set(2)], WARC)
    staged_file(home, BATCH, "half", Piece.TRACKS).unlink()
    with pytest.raises(CannotFinish, match="part gone, half of batch b1 is lost"):
        publish(home, BATCH, "gone", "half", "there")
    assert 1 in visible(home)


def test_discarding_and_retiring_leave_nothing_and_may_be_repeated(home: Home) -> None:
    stage(home, BATCH, "p1", [a_set(1)], WARC)
    stage(home, BATCH, "p2", [a_set(2)], WARC)
    publish(home, BATCH, "p2")
    for _ in range(2):
        discard(home, BATCH, "p1")
        assert visible(home) == [2]
        assert len(files(home)) == 3
    for _ in range(2):
        retire(home, BATCH, ["p2", "p1"])
        assert files(home) == set()


def test_sweeping_keeps_what_the_manifest_names_and_what_is_not_ours(home: Home) -> None:
    for number, stem in enumerate(["kept", "kept-staged", "orphan", "orphan-staged"]):
        stage(home, BATCH, stem, [a_set(number)], WARC)
    publish(home, BATCH, "kept", "orphan")
    # a copy to another disk that was cut short, and a user's own note
    (home.archive(BATCH) / ".kept.warc.gz").write_bytes(b"half")
    (home.results(BATCH) / "tracks" / "README.txt").write_text("mine")
    assert sweep(home, BATCH, {"kept", "kept-staged"}) == ["orphan", "orphan-staged"]
    assert visible(home) == [0]
    assert {Path(name).name for name in files(home)} == {
        *("kept.parquet", "kept.warc.gz", "README.txt"),
        *("kept-staged.tracks.parquet", "kept-staged.tracklists.parquet", "kept-staged.warc.gz"),
    }
    assert sweep(home, BATCH, {"kept", "kept-staged"}) == []
    assert sweep(home, "no-such-batch", ()) == []


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
@pytest.mark.parametrize("n_writes", [0, 1, 2])
def test_a_full_disk_is_storage_full_and_leaves_no_half_part(
    home: Home, monkeypatch: pytest.MonkeyPatch, code: int, n_writes: int
) -> None:
    left = iter([True] * n_writes)

    def write(path: Path, data: bytes | memoryview) -> None:
        if not next(left, False):
            path.write_bytes(bytes(data[:10]))
            raise OSError(code, os.strerror(code), str(path))
        durable.write_file(path, data)

    monkeypatch.setattr(part_writer, "write_file", write)
    with pytest.raises(StorageFull):
        stage(home, BATCH, "p1", [a_set(1)], WARC)
    assert files(home) == set()


def test_a_disk_that_is_really_full_is_storage_full() -> None:
    with pytest.raises(StorageFull), durable.disk_errors(Path("/home")):
        durable.write_file(Path("/dev/full"), b"x" * 10)


def test_a_home_that_may_not_be_written_is_unusable(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, data: bytes | memoryview) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(part_writer, "write_file", refuse)
    with pytest.raises(HomeUnusable, match=r"Permission denied .*p1\.warc\.gz"):
        stage(home, BATCH, "p1", [a_set(1)], WARC)


def test_a_home_that_has_gone_is_not_made_again(home: Home) -> None:
    shutil.rmtree(home.path)
    with pytest.raises(HomeUnusable):
        stage(home, BATCH, "p1", [a_set(1)], WARC)
    assert not home.path.exists()


def test_an_archive_on_another_disk_is_copied_whole(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    rename = Path.replace

    def replace(self: Path, target: Path) -> Path:
        if self.parent.name == "_staging" and "archive" in Path(target).parts:
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        return rename(self, target)

    monkeypatch.setattr(Path, "replace", replace)
    stage(home, BATCH, "p1", [a_set(1)], WARC)
    publish(home, BATCH, "p1")
    publish(home, BATCH, "p1")
    assert published_file(home, BATCH, "p1", Piece.ARCHIVE).read_bytes() == WARC
    assert len(files(home)) == 3


@pytest.mark.parametrize("stem", ["", "_p", ".p", "../p", "a/b", "a.b", "p\n", "-p", "ä"])
def test_a_stem_is_a_plain_name(home: Home, stem: str) -> None:
    with pytest.raises(ValueError, match="no name of a part"):
        stage(home, BATCH, stem, [a_set(1)], WARC)
    assert files(home) == set()
