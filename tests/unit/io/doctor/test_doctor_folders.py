"""What `tlray doctor` says of folders that cannot be written. File systems that are full or read-only: tests/processes."""

from __future__ import annotations

import errno
import json
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tlray.io.doctor import disk, folders, home_state, journal_state, ray_setup, service_setup
from tlray.io.doctor.report import Grade, Result, examine
from tlray.settings import Settings, read_settings

STRANGER = 54_321
"""A user without a name."""
needs_root = pytest.mark.skipif(os.getuid() != 0, reason="only root can be another user")


def as_stranger(look: Callable[[], Result]) -> Result:
    """Return the result of a check that runs in a process of another user, who has no HOME."""
    reading, writing = os.pipe()
    if (child := os.fork()) == 0:
        os.setgroups([])
        os.setresgid(STRANGER, STRANGER, STRANGER)
        os.setresuid(STRANGER, STRANGER, STRANGER)
        os.environ.pop("HOME", None)
        (result,) = examine({"x": look}).values()
        os.write(writing, json.dumps([result.grade, result.what, result.hint]).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as answer:
        grade, what, hint = json.load(answer)
    os.waitpid(child, 0)
    return Result(Grade(grade), what, hint)


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that every user can look into: those of pytest are its user's alone."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.mark.parametrize(
    ("number", "what", "hint"),
    [
        (errno.EROFS, "is read-only", "mount -o remount,rw"),
        (errno.ENOSPC, "is full", "make room"),
        (errno.EDQUOT, "the quota of", "quota -s"),
        (errno.ESTALE, "does not work", "mount"),
        (errno.EPERM, "whatever its mode", "sudo chattr -i -a"),  # an immutable folder, to root too
        (errno.EINVAL, "Invalid argument", "use another"),
    ],
)
def test_the_hint_follows_the_error(tmp_path: Path, number: int, what: str, hint: str) -> None:
    result = folders.refusal(OSError(number, os.strerror(number)), tmp_path / "home", "use another --home")
    assert (result.grade, what in result.what, hint in result.hint) == (Grade.FAILED, True, True), result
    assert result.hint.endswith("use another --home")


def test_of_what_is_tried_nothing_stays(tmp_path: Path) -> None:
    assert folders.not_writable(tmp_path, "") is None
    assert folders.not_writable(tmp_path / "deep" / "home", "") is None
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_no_file_can_have_is_no_bug_of_ours(tmp_path: Path) -> None:
    (result,) = examine({"home": lambda: home_state.home(tmp_path / ("x" * 300))}).values()
    assert (result.grade, "a bug" in result.hint) == (Grade.FAILED, False), result


@needs_root
def test_a_home_that_another_user_would_make_in_a_folder_of_mine(place: Path) -> None:
    result = as_stranger(lambda: home_state.home(place / "home"))
    assert result.grade is Grade.FAILED
    assert f"{place} is root's (mode 755), and this user is {STRANGER}" in result.what
    command = result.hint.partition("; ")[0]
    assert command == f"sudo install -d -m 700 -o {STRANGER} {place / 'home'}"
    assert os.system(command.removeprefix("sudo ")) == 0  # noqa: S605 - word for word
    assert as_stranger(lambda: home_state.home(place / "home")).grade is Grade.OK


@needs_root
def test_a_home_within_a_folder_that_a_user_may_not_search(place: Path) -> None:
    (place / "mine").mkdir(mode=0o700)
    path = place / "mine" / "home"
    path.mkdir()
    for check in (
        lambda: home_state.home(path), lambda: journal_state.journal(path), lambda: disk.disks([path]),
        lambda: home_state.holder(path), lambda: service_setup.tokens(Settings(home=path)),
    ):  # fmt: skip
        result = as_stranger(check)
        assert "a bug" not in result.hint, result
    assert as_stranger(lambda: home_state.home(path)).grade is Grade.FAILED
    assert as_stranger(lambda: journal_state.journal(path)).grade is Grade.FAILED


@needs_root
def test_a_file_that_root_has_left_in_the_home(place: Path) -> None:
    """As after one command with sudo."""
    home = place / "home"
    home.mkdir(mode=0o700)
    os.chown(home, STRANGER, STRANGER)
    (home / "results").mkdir()
    (home / "results" / "b1").mkdir()
    (home / "home.id").touch()
    os.chown(home / "home.id", STRANGER, STRANGER)
    for left in (home / "results", home / "results" / "b1"):
        result = as_stranger(lambda: home_state.home(home))
        assert (result.grade, f"{left} is root's" in result.what) == (Grade.FAILED, True), result
        os.chown(left, STRANGER, STRANGER)
    assert as_stranger(lambda: home_state.home(home)).grade is Grade.OK
    os.chown(home / "results", 0, 0)
    command = as_stranger(lambda: home_state.home(home)).hint.partition("; ")[0]
    assert os.system(command.removeprefix("sudo ")) == 0  # noqa: S605
    assert as_stranger(lambda: home_state.home(home)).grade is not Grade.FAILED


@needs_root
def test_a_file_of_ones_own_that_cannot_be_written(place: Path) -> None:
    home = place / "home"
    (home / "results").mkdir(parents=True)
    (home / "results").chmod(0o500)
    (home / "home.id").touch()
    for one in (home, home / "results", home / "home.id"):
        os.chown(one, STRANGER, STRANGER)
    home.chmod(0o700)
    result = as_stranger(lambda: home_state.home(home))
    command = result.hint.partition("; ")[0]
    assert (result.grade, command) == (Grade.FAILED, f"chmod -R u+rwX {home / 'results'}"), result
    assert os.system(command) == 0  # noqa: S605
    assert as_stranger(lambda: home_state.home(home)).grade is Grade.OK


@pytest.mark.parametrize("path", ["/", "/usr", "/etc"])
def test_no_hint_changes_a_folder_that_is_no_home(path: str) -> None:
    def look() -> Result:
        return home_state.home(Path(path))

    for result in (look(), as_stranger(look)) if os.getuid() == 0 else (look(),):
        assert (result.grade is Grade.OK, result.hint) == (
            False,
            "use a folder of its own (--home DIR or TLRAY_HOME)",
        ) or (result.grade is Grade.FAILED and result.hint == home_state.OTHER_HOME), result


@needs_root
def test_a_user_without_a_name_and_without_a_home_folder() -> None:
    """As in a container that runs under some number."""

    def home_of() -> Result:
        return Result(Grade.OK, str(read_settings().home))

    assert as_stranger(home_of).what == "/.tlray"
    result = as_stranger(ray_setup.ray)
    assert (result.grade, "HOME is not set" in result.what) == (Grade.FAILED, True), result
    result = as_stranger(lambda: home_state.home(read_settings().home))
    assert (result.grade, "TLRAY_HOME" in result.hint) == (Grade.FAILED, True), result


def test_a_folder_for_temporary_files_that_is_not_there(tmp_path: Path) -> None:
    there = tmp_path / "tmp"
    result = disk.disks([tmp_path], {"TMPDIR": str(there)})
    assert result.hint == f"mkdir -p {there}"
    assert os.system(result.hint) == 0  # noqa: S605
    assert disk.disks([tmp_path], {"TMPDIR": str(there)}).hint != result.hint


@needs_root
def test_a_folder_for_temporary_files_that_cannot_be_written(place: Path) -> None:
    result = as_stranger(lambda: disk.disks([], {"TMPDIR": str(place)}))
    assert (result.grade, "export TMPDIR=" in result.hint) == (Grade.FAILED, True), result
    result = as_stranger(lambda: disk.disks([], {"RAY_TMPDIR": str(place)}))
    assert (result.grade, "export RAY_TMPDIR=" in result.hint) == (Grade.FAILED, True), result
