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
from tlray.io.disk.home import Home
from tlray.io.results.local_store import LocalStore
from tlray.io.results.part_writer import stage
from tlray.io.results.store import PartFile, sweep

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
    part = stage(LocalStore(home), BATCH, "p1", [a_set(1), a_set(2, n_tracks=5)], WARC)
    assert (part.stem, part.n_sets, part.n_tracks) == ("p1", 2, 8)
    assert part.files == (PartFile.ARCHIVE, PartFile.TRACKS, PartFile.TRACKLISTS)
    assert part.n_bytes == sum(path.stat().st_size for path in LocalStore(home).staging(BATCH).iterdir())
    assert visible(home) == []
    LocalStore(home).publish(BATCH, "p1")
    assert visible(home) == [1, 2]
    assert len(pd.read_parquet(home.results(BATCH) / "tracks")) == 8
    assert files(home) == {
        "results/b1/tracklists/p1.parquet",
        "results/b1/tracks/p1.parquet",
        "archive/b1/p1.warc.gz",
    }
    assert LocalStore(home).published(BATCH, "p1", PartFile.ARCHIVE).read_bytes() == WARC


def test_a_part_may_be_all_blocks_or_keep_no_pages(home: Home) -> None:
    assert stage(LocalStore(home), BATCH, "blocks", [], WARC).files == (PartFile.ARCHIVE,)
    assert stage(LocalStore(home), BATCH, "rows", [a_set(1)], b"").files == (
        PartFile.TRACKS,
        PartFile.TRACKLISTS,
    )
    LocalStore(home).publish(BATCH, "blocks", "rows")
    LocalStore(home).publish(BATCH, "blocks", "rows")
    assert visible(home) == [1]


def test_a_set_without_rows_is_a_set(home: Home) -> None:
    assert stage(LocalStore(home), BATCH, "p1", [a_set(1, n_tracks=0)], b"").n_tracks == 0
    LocalStore(home).publish(BATCH, "p1")
    assert visible(home) == [1]


@pytest.mark.parametrize("done", list(itertools.product([False, True], repeat=3)), ids=str)
def test_publishing_goes_on_wherever_it_was_cut_off(home: Home, done: tuple[bool, ...]) -> None:
    stage(LocalStore(home), BATCH, "p1", [a_set(1)], WARC)
    for piece, is_done in zip(PartFile, done, strict=True):
        if is_done:
            target = LocalStore(home).published(BATCH, "p1", piece)
            target.parent.mkdir(parents=True, exist_ok=True)
            LocalStore(home).staged(BATCH, "p1", piece).rename(target)
    for _ in range(2):
        LocalStore(home).publish(BATCH, "p1")
        assert visible(home) == [1]
        assert len(files(home)) == 3


def test_a_lost_part_is_named_and_the_others_are_published(home: Home) -> None:
    stage(LocalStore(home), BATCH, "there", [a_set(1)], WARC)
    stage(LocalStore(home), BATCH, "half", [a_set(2)], WARC)
    LocalStore(home).staged(BATCH, "half", PartFile.TRACKS).unlink()
    with pytest.raises(CannotFinish, match="part gone, half of batch b1 is lost"):
        LocalStore(home).publish(BATCH, "gone", "half", "there")
    assert 1 in visible(home)


def test_discarding_and_retiring_leave_nothing_and_may_be_repeated(home: Home) -> None:
    stage(LocalStore(home), BATCH, "p1", [a_set(1)], WARC)
    stage(LocalStore(home), BATCH, "p2", [a_set(2)], WARC)
    LocalStore(home).publish(BATCH, "p2")
    for _ in range(2):
        LocalStore(home).delete(BATCH, ["p1"])
        assert visible(home) == [2]
        assert len(files(home)) == 3
    for _ in range(2):
        LocalStore(home).delete(BATCH, ["p2", "p1"])
        assert files(home) == set()


def test_sweeping_keeps_what_the_manifest_names_and_what_is_not_ours(home: Home) -> None:
    for number, stem in enumerate(["kept", "kept-staged", "orphan", "orphan-staged"]):
        stage(LocalStore(home), BATCH, stem, [a_set(number)], WARC)
    LocalStore(home).publish(BATCH, "kept", "orphan")
    # a copy to another disk that was cut short, and a user's own note
    (home.archive(BATCH) / ".orphan.warc.gz").write_bytes(b"half")
    (home.results(BATCH) / "tracks" / "README.txt").write_text("mine")
    assert sweep(LocalStore(home), BATCH, {"kept", "kept-staged"}) == ["orphan", "orphan-staged"]
    assert visible(home) == [0]
    assert {Path(name).name for name in files(home)} == {
        *("kept.parquet", "kept.warc.gz", "README.txt"),
        *("kept-staged.tracks.parquet", "kept-staged.tracklists.parquet", "kept-staged.warc.gz"),
    }
    assert sweep(LocalStore(home), BATCH, {"kept", "kept-staged"}) == []
    assert sweep(LocalStore(home), "no-such-batch", ()) == []


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
@pytest.mark.parametrize("n_writes", [0, 1, 2])
def test_a_full_disk_is_storage_full_and_leaves_no_half_part(
    home: Home, monkeypatch: pytest.MonkeyPatch, code: int, n_writes: int
) -> None:
    left = iter([True] * n_writes)
    sync = os.fsync

    def fsync(number: int) -> None:
        if not next(left, False):
            raise OSError(code, os.strerror(code))
        sync(number)

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(StorageFull):
        stage(LocalStore(home), BATCH, "p1", [a_set(1)], WARC)
    assert files(home) == set()


def test_a_disk_that_is_really_full_is_storage_full(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LocalStore, "staged", lambda *_: Path("/dev/full"))
    monkeypatch.setattr(Path, "unlink", lambda *_, **__: None)
    with pytest.raises(StorageFull):
        stage(LocalStore(home), BATCH, "p1", [a_set(1)], WARC)


def test_a_home_that_may_not_be_written_is_unusable(home: Home) -> None:
    LocalStore(home).staging(BATCH).mkdir(parents=True)
    LocalStore(home).staged(BATCH, "p1", PartFile.ARCHIVE).mkdir()
    with pytest.raises(HomeUnusable, match=r"Is a directory .*p1\.warc\.gz"):
        stage(LocalStore(home), BATCH, "p1", [a_set(1)], WARC)


def test_a_home_that_has_gone_is_not_made_again(home: Home) -> None:
    shutil.rmtree(home.path)
    with pytest.raises(HomeUnusable):
        stage(LocalStore(home), BATCH, "p1", [a_set(1)], WARC)
    assert not home.path.exists()


def test_an_archive_on_another_disk_is_copied_whole(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    rename = Path.replace

    def replace(self: Path, target: Path) -> Path:
        if self.parent.name == "_staging" and "archive" in Path(target).parts:
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        return rename(self, target)

    monkeypatch.setattr(Path, "replace", replace)
    stage(LocalStore(home), BATCH, "p1", [a_set(1)], WARC)
    LocalStore(home).publish(BATCH, "p1")
    LocalStore(home).publish(BATCH, "p1")
    assert LocalStore(home).published(BATCH, "p1", PartFile.ARCHIVE).read_bytes() == WARC
    assert len(files(home)) == 3


@pytest.mark.parametrize("stem", ["", "_p", ".p", "../p", "a/b", "a.b", "p\n", "-p", "ä"])
def test_a_stem_is_a_plain_name(home: Home, stem: str) -> None:
    with pytest.raises(ValueError, match="no name of a part"):
        stage(LocalStore(home), BATCH, stem, [a_set(1)], WARC)
    assert files(home) == set()
