"""The file ``catalogue.db``: opened, created, and made anew where it is damaged or of another version of tlray.

Of a home that cannot be written to, a process makes a copy in the folder for temporary files, and reads what is missing there.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from tlray.errors import HomeUnusable, StorageFull
from tlray.io.disk.durable import can_write, disk_errors
from tlray.io.disk.home import Home

VERSION: Final = "6"
"""Another version is rebuilt. Raise it with the schema, the content of a set, or a comparison."""
BUSY_S: Final = 30.0
CHECKPOINT_PAGES: Final = 8_000
"""Of the write-ahead log, 32 MB: pages that many windows change are written to their place once."""
CACHE_KB: Final = 16_000
"""The pages of a window; memory that is taken as they change."""
_DAMAGED: Final = ("malformed", "not a database", "corrupt", "no such table")
_REMEDIES: Final = {
    "readonly": "a question writes what is new into it: get permission to write there, or copy the home",
    "locked": "another process is writing it; try again",
    **dict.fromkeys(_DAMAGED, "it was deleted, and the next question makes it anew: try again"),
}
"""A word of SQLite's message → what to do."""


_copies: Final[dict[Path, TemporaryDirectory[str]]] = {}
"""Home → the folder of this process's copy; it is deleted when the process ends."""


def place_of(home: Home) -> Path:
    """Return the catalogue's file: in the home, or in the copy of one that cannot be written to."""
    if not home.path.is_dir() or can_write(home.catalogue):
        return home.catalogue
    if home.path not in _copies:
        folder = TemporaryDirectory(prefix="tlray-catalogue-")
        for suffix in ("", "-wal"):
            name = home.catalogue.name + suffix
            with disk_errors(Path(folder.name)), suppress(FileNotFoundError):
                shutil.copyfile(home.path / name, Path(folder.name) / name)
        _copies.setdefault(home.path, folder)
    return Path(_copies[home.path].name) / home.catalogue.name


@contextmanager
def opened(home: Home, *, busy_s: float = BUSY_S) -> Iterator[sqlite3.Connection]:
    """Open the catalogue of a home, an empty one if there is none that can be used."""
    place = place_of(home)
    with disk_errors(place.parent):
        try:
            db = _open(place, busy_s)
        except sqlite3.DatabaseError as error:
            if not _is_damaged(error):
                raise _translated(error, home) from error
            remove(home)
            db = _open(place, busy_s)
        try:
            yield db
        except sqlite3.DatabaseError as error:
            if _is_damaged(error):
                remove(home)  # the next question makes it anew
            raise _translated(error, home) from error
        finally:
            db.close()


def remove(home: Home) -> None:
    """Delete the catalogue; the next question makes it anew."""
    place = place_of(home)
    for suffix in ("", "-wal", "-shm"):
        place.with_name(place.name + suffix).unlink(missing_ok=True)


def clear(db: sqlite3.Connection) -> None:
    """Make an empty catalogue, in the caller's transaction."""
    names = db.execute(
        "SELECT type, name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name = 'words' DESC"
    ).fetchall()
    for _, name in names:
        with suppress(sqlite3.OperationalError):  # those of the full-text index went with it
            db.execute(f'DROP TABLE IF EXISTS "{name}"')
    script = files(__package__).joinpath("schema.sql").read_text(encoding="utf-8")
    for statement in _statements(script):
        db.execute(statement)
    db.executemany("INSERT INTO meta VALUES (?, ?)", [("version", VERSION), ("position", "0")])


def meta(db: sqlite3.Connection, key: str) -> str | None:
    """Return a stored value."""
    row = db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
    return None if row is None else str(row[0])


def set_meta(db: sqlite3.Connection, key: str, value: str) -> None:
    """Store a value."""
    db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))


def _statements(script: str) -> Iterator[str]:
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def _open(path: Path, busy_s: float) -> sqlite3.Connection:
    if not path.parent.is_dir():
        raise HomeUnusable(str(path.parent), "there is no such folder")
    with suppress(FileExistsError):
        path.touch(mode=0o600, exist_ok=False)  # SQLite gives this mode to its other files, too
    db = sqlite3.connect(path, isolation_level=None, timeout=busy_s)
    try:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = NORMAL")  # what a power cut takes is read again
        db.execute("PRAGMA mmap_size = 1073741824")
        db.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
        db.execute(f"PRAGMA cache_size = -{CACHE_KB}")
        if not _is_current(db):
            db.execute("BEGIN IMMEDIATE")
            if not _is_current(db):
                clear(db)
            db.execute("COMMIT")
    except BaseException:
        db.close()
        raise
    return db


def _is_current(db: sqlite3.Connection) -> bool:
    """True if the tables are those of this version."""
    has_tables = db.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone()
    return has_tables is not None and meta(db, "version") == VERSION


def _is_damaged(error: sqlite3.DatabaseError) -> bool:
    return any(word in str(error) for word in _DAMAGED)


def _translated(error: sqlite3.DatabaseError, home: Home) -> Exception:
    if "full" in str(error):
        return StorageFull(str(home.path))
    remedies = (remedy for word, remedy in _REMEDIES.items() if word in str(error))
    remedy = next(remedies, f"delete {home.catalogue}")
    return HomeUnusable(str(home.path), f"its catalogue cannot be used ({error}): {remedy}")
