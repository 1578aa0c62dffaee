"""The files of a folder: all of them, in order, nothing outside, and what is not read is told."""

from __future__ import annotations

import os
import tracemalloc
from pathlib import Path

import pytest

from tlray.io.intake import walk as walking
from tlray.io.intake.members import Refusal
from tlray.io.intake.walk import Found, walk


def positions(root: Path, after: str = "") -> list[str]:
    return [found.position for found in walk(root, after=after) if isinstance(found, Found)]


def refusals(root: Path) -> dict[str, str]:
    return {found.where: found.reason for found in walk(root) if isinstance(found, Refusal)}


def make(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("x")


def test_a_file_is_found_by_itself(tmp_path: Path) -> None:
    make(tmp_path, "a.cue")
    (found,) = walk(tmp_path / "a.cue")
    assert isinstance(found, Found)
    assert (found.path, found.position, found.n_bytes) == (tmp_path / "a.cue", "", 1)


def test_what_is_not_there_is_told(tmp_path: Path) -> None:
    assert list(walk(tmp_path / "no")) == [Refusal("", "cannot be read: No such file or directory")]


def test_files_come_in_order_folder_by_folder_and_a_walk_goes_on_after_any_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(walking, "BLOCK_NAMES", 3)
    names = [
        "a.cue",
        "b/1.cue",
        "b/2.cue",
        "b/c/d/e.cue",
        "b/z.cue",
        "b.cue",
        *(f"n{i:02}.cue" for i in range(20)),
        "é.cue",
    ]
    make(tmp_path, *names)
    found = positions(tmp_path)
    assert sorted(found) == sorted(names)
    assert found == sorted(names, key=lambda name: name.split("/"))
    for number, position in enumerate(found):
        assert positions(tmp_path, after=position) == found[number + 1 :]
    assert positions(tmp_path, after="b/c/gone.cue") == found[found.index("b/z.cue") :]


def test_links_are_told_and_not_followed_and_a_loop_ends(tmp_path: Path) -> None:
    outside, root = tmp_path / "outside", tmp_path / "root"
    make(outside, "secret.cue")
    make(root, "a.cue")
    (root / "loop").symlink_to(root)
    (root / "away").symlink_to(outside)
    (root / "one.cue").symlink_to(outside / "secret.cue")
    (root / "dead.cue").symlink_to("nowhere")
    assert positions(root) == ["a.cue"]
    assert set(refusals(root)) == {"loop", "away", "one.cue", "dead.cue"}
    assert all("link" in reason for reason in refusals(root).values())


def test_a_link_that_the_user_names_is_followed(tmp_path: Path) -> None:
    make(tmp_path, "root/a.cue")
    (tmp_path / "link").symlink_to(tmp_path / "root")
    assert positions(tmp_path / "link") == ["a.cue"]


def test_pipes_and_hidden_files_are_told(tmp_path: Path) -> None:
    make(tmp_path, ".DS_Store", ".git/config", "a.cue")
    os.mkfifo(tmp_path / "pipe")
    assert positions(tmp_path) == ["a.cue"]
    assert refusals(tmp_path) == {
        ".DS_Store": "hidden: its name begins with a dot",
        ".git": "hidden: its name begins with a dot",
        "pipe": "neither a file nor a folder",
    }


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_folder_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    make(tmp_path, "a/1.cue", "b.cue")
    (tmp_path / "a").chmod(0)
    assert positions(tmp_path) == ["b.cue"]
    assert refusals(tmp_path) == {"a": "cannot be read: Permission denied"}
    (tmp_path / "a").chmod(0o700)


def test_a_folder_that_goes_away_is_told(tmp_path: Path) -> None:
    make(tmp_path, "a/1.cue", "a/2.cue", "b.cue")
    found = walk(tmp_path)
    first = next(found)
    assert isinstance(first, Found)
    for path in (tmp_path / "a").iterdir():
        path.unlink()
    (tmp_path / "a").rmdir()
    assert [type(rest) for rest in found] == [Refusal, Found]


@pytest.mark.parametrize("suffix", ["_files", ".files", "-Dateien", "_fichiers", "_archivos", "_pliki"])
@pytest.mark.parametrize("page", [".html", ".htm", ".xhtml"])
def test_the_assets_of_a_complete_page_are_not_files_of_the_users(
    tmp_path: Path, suffix: str, page: str
) -> None:
    make(
        tmp_path,
        f"My set{page}",
        f"My set{suffix}/a.js",
        f"My set{suffix}/frame.html",
        f"Other{suffix}/a.cue",
    )
    assert positions(tmp_path) == [f"My set{page}", f"Other{suffix}/a.cue"]
    assert refusals(tmp_path) == {}


def test_a_deep_folder_is_walked_to_its_end_or_told(tmp_path: Path) -> None:
    deep = tmp_path
    for _ in range(400):
        deep = deep / "d"
    deep.mkdir(parents=True)
    make(deep, "a.cue")
    assert len(positions(tmp_path)) == 1


def test_names_that_are_no_text_are_files_like_others(tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9.cue")
    try:
        (tmp_path / name).write_text("x")
    except OSError:
        pytest.skip("this file system has names of UTF-8 only")
    assert positions(tmp_path) == [name]


def test_memory_does_not_grow_with_the_number_of_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(walking, "BLOCK_NAMES", 100)
    for number in range(2_000):
        (tmp_path / f"{number:05}{'x' * 80}.cue").touch()
    peaks = []
    for _ in range(3):  # Python's table of interned strings may grow by megabytes in one of them
        tracemalloc.start()
        try:
            assert sum(1 for _ in walk(tmp_path)) == 2_000
            peaks.append(tracemalloc.get_traced_memory()[1])
        finally:
            tracemalloc.stop()
    assert min(peaks) < 300_000
