"""The home: it is the user's own, and one coordinator at a time holds it."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tlray.errors import HomeInUse, HomeUnusable, StorageFull
from tlray.io.disk.home import Holder, Home, release
from tlray.io.disk.private_files import open_to_others
from tlray.io.journal.sqlite.journal import SqliteJournal

ME = Holder(os.getpid(), "here", "127.0.0.1:6379", "tlray")
HOLD = """
import sys
from pathlib import Path
from tlray.io.disk.home import Holder, Home
kept = Home(Path(sys.argv[1])).hold(Holder(4711, "there", "10.0.0.1:6379", "ns"))
print("held", flush=True)
sys.stdin.read()
"""


def test_a_new_home_is_its_owners_only(tmp_path: Path) -> None:
    home = Home(tmp_path / "deep" / "home").create()
    assert home.path.stat().st_mode & 0o777 == 0o700
    assert len(home.id) == 16
    assert [path.name for path in home.path.iterdir()] == ["home.id"]


def test_a_home_that_is_there_keeps_its_id_and_its_mode(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    home = Home(tmp_path).create()
    found = home.id
    assert home.create().id == found
    assert tmp_path.stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o277])
def test_what_tlray_makes_in_a_home_is_its_owners_whatever_the_umask(
    tmp_path: Path, umask: int, caplog: pytest.LogCaptureFixture
) -> None:
    before = os.umask(umask)
    try:
        home = Home(tmp_path / "open")
        home.path.mkdir()
        home.path.chmod(0o755)
        for name in ("results", "archive", "exports", "leases"):  # of an older tlray
            (home.path / name).mkdir()
            (home.path / name).chmod(0o755)
        home.create()
        hold = home.hold(ME)
        journal = SqliteJournal(home.journal)
        journal.begin_incarnation(is_restart=False)
        assert (home.path / "state.db-wal").exists()
        modes = {path.name: path.stat().st_mode & 0o777 for path in home.path.iterdir()}
        journal.close()
        release(hold)
    finally:
        os.umask(before)
    folders = dict.fromkeys(("results", "archive", "exports", "leases"), 0o700)
    files = ("home.id", "coordinator.lock", "state.db", "state.db-wal", "state.db-shm")
    assert modes == folders | dict.fromkeys(files, 0o600)
    [told] = [record.getMessage() for record in caplog.records]
    assert told == f"{home.path} is open to other users of this machine (mode 755): chmod 700 {home.path}"


def test_what_was_left_open_is_closed_and_a_private_home_is_not_told_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    home = Home(tmp_path / "home").create()
    (home.path / "state.db-wal").touch()
    (home.path / "state.db-wal").chmod(0o664)
    home.create()
    assert (home.path / "state.db-wal").stat().st_mode & 0o777 == 0o600
    assert caplog.records == []
    assert open_to_others(home.path / "nothing") is None


def test_an_id_that_a_crash_left_empty_is_made_again(tmp_path: Path) -> None:
    (tmp_path / "home.id").touch()
    assert len(Home(tmp_path).create().id) == 16


def test_two_that_make_a_home_at_once_agree_on_its_id(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link, ids = os.link, []

    def other_comes_first(*paths: Path) -> None:
        monkeypatch.setattr(os, "link", link)
        ids.append(Home(tmp_path).create().id)
        link(*paths)

    monkeypatch.setattr(os, "link", other_comes_first)
    assert [Home(tmp_path).create().id] == ids, "tasks know the storage by it"
    assert [path.name for path in tmp_path.iterdir()] == ["home.id"]


@pytest.mark.parametrize("code", [errno.EPERM, errno.EOPNOTSUPP])
def test_a_home_may_lie_where_there_are_no_hard_links(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "link", refuse)
    assert len(Home(tmp_path).create().id) == 16


def test_a_home_that_is_not_there_has_no_id_and_no_holder(tmp_path: Path) -> None:
    home = Home(tmp_path / "none")
    assert (home.id, home.is_held(), home.holder()) == ("", False, None)
    (tmp_path / "file").touch()
    assert not Home(tmp_path / "file").is_held()


def test_every_batch_has_its_folders(tmp_path: Path) -> None:
    home = Home(tmp_path)
    assert home.results("b1") == tmp_path / "results" / "b1"
    assert home.archive("b1") == tmp_path / "archive" / "b1"
    assert home.exports("b1") == tmp_path / "exports" / "b1"


def test_a_file_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(HomeUnusable, match="there is a file of that name"):
        Home(tmp_path / "file").create()
    with pytest.raises(HomeUnusable, match="Not a directory"):
        Home(tmp_path / "file" / "below").create()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_is_not_ours_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(HomeUnusable, match="Permission denied"):
        Home(tmp_path).create()
    with pytest.raises(HomeUnusable, match="Permission denied"):
        Home(tmp_path / "below").create()


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="no /proc, where not even root may write")
def test_a_place_where_nobody_may_write_is_named() -> None:
    with pytest.raises(HomeUnusable, match="home /proc/tlray cannot be used"):
        Home(Path("/proc/tlray")).create()


@pytest.mark.parametrize(
    ("code", "error"),
    [(errno.ENOSPC, StorageFull), (errno.EDQUOT, StorageFull), (errno.EROFS, HomeUnusable)],
)
def test_a_disk_that_takes_nothing_is_told_from_a_home_that_may_not_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, error: type[Exception]
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(Path, "write_text", refuse)
    with pytest.raises(error):
        Home(tmp_path).create()


def test_a_home_is_held_by_one_until_it_lets_go(tmp_path: Path) -> None:
    home = Home(tmp_path).create()
    kept = home.hold(ME)
    assert home.is_held()
    assert home.holder() == ME
    with pytest.raises(HomeInUse, match=f"in use by process {ME.pid} on here"):
        home.hold(Holder(1, "x", "y", "z"))
    assert home.holder() == ME  # the loser wrote nothing
    kept.close()
    assert not home.is_held()
    assert home.holder() == ME  # who held it last
    home.hold(Holder(1, "x", "y", "z")).close()
    assert home.holder() == Holder(1, "x", "y", "z")


@pytest.mark.parametrize("note", ["", "{", "[]", '{"pid": 1}', '"x"', "null"])
def test_a_note_that_cannot_be_read_is_nobody(tmp_path: Path, note: str) -> None:
    home = Home(tmp_path).create()
    kept = home.hold(ME)
    home.lock.write_text(note)
    assert home.holder() is None
    with pytest.raises(HomeInUse, match="another process"):
        home.hold(ME)
    kept.close()


def test_a_process_that_dies_lets_go_however_it_dies(tmp_path: Path) -> None:
    home = Home(tmp_path).create()
    other = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        assert home.is_held()
        assert home.holder() == Holder(4711, "there", "10.0.0.1:6379", "ns")
        with pytest.raises(HomeInUse, match="process 4711 on there"):
            home.hold(ME)
        other.kill()
        other.wait()
        assert not home.is_held()
        home.hold(ME).close()
