"""Open a home's journal, as its one writer or as a reader beside it. This is the place that chooses the database.

``TLRAY_JOURNAL`` names one: a PostgreSQL URL; without it the journal is ``state.db`` in the home. ``url`` stands in its place in
processes whose environment is not the user's (a coordinator, a replica).
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pydantic import SecretStr

from tlray.errors import JournalUnusable
from tlray.io.disk.durable import disk_errors
from tlray.io.disk.home import Home
from tlray.io.journal.reader import JournalReader
from tlray.io.journal.sql.schema import SCHEMA_VERSION
from tlray.io.journal.sqlite.journal import SqliteJournal, SqliteReader
from tlray.io.journal.sqlite.read_only import is_without_tables, stored_version
from tlray.io.journal.writer import Journal
from tlray.settings import read_settings

if TYPE_CHECKING:
    from tlray.io.journal.postgres.database import Database


def open_journal(home: Home, url: SecretStr | None = None, *, wait_s: float = 0.0) -> Journal:
    """Open the journal of a home that this process holds; created if it is missing, migrated if it is older.

    ``wait_s`` is the time for a database server that is away just now. `HomeInUse` where another process writes the database.
    """
    database = _database(url)
    if database is None:
        return SqliteJournal(home.journal)
    from tlray.io.journal.postgres.journal import PostgresJournal, is_there  # noqa: PLC0415 - psycopg is loaded where it is used

    if not is_there(database, str(home.path), wait_s=wait_s):
        _require_no_file(home, database)
    return PostgresJournal(database, str(home.path), home_id=owner_of(home), is_held=True, wait_s=wait_s)


def open_reader(home: Path, url: SecretStr | None = None) -> JournalReader:
    """Open a home's journal for reading; `HomeUnusable` if there is none or it is not readable."""
    database = _database(url)
    if database is None:
        return SqliteReader(home)
    from tlray.io.journal.postgres.journal import PostgresReader  # noqa: PLC0415

    return PostgresReader(database, str(home))


def open_source(place: Home | SecretStr) -> JournalReader:
    """Open the journal of one place, whatever the setting says, to copy it; nobody else may write it meanwhile."""
    if isinstance(place, Home):
        return SqliteReader(place.path)
    from tlray.io.journal.postgres.journal import PostgresJournal, PostgresReader  # noqa: PLC0415

    database = _parse(place)
    PostgresReader(database, database.name).close()  # is there one?
    return PostgresJournal(database, database.name, is_held=True)


def open_target(place: Home | SecretStr, *, home_id: str) -> Journal:
    """Open the journal of one place, whatever the setting says, for the copy of the journal of this home."""
    if isinstance(place, Home):
        return SqliteJournal(place.journal)
    from tlray.io.journal.postgres.journal import PostgresJournal  # noqa: PLC0415

    database = _parse(place)
    return PostgresJournal(database, database.name, home_id=home_id, is_held=True)


def has_journal(home: Home, url: SecretStr | None = None) -> bool:
    """Return True if a home has a journal that can be read."""
    database = _database(url)
    if database is None:
        return _has_file(home)
    from tlray.io.journal.postgres.journal import is_there  # noqa: PLC0415

    return is_there(database, str(home.path))


def holder_elsewhere(home: Home, url: SecretStr | None = None) -> str | None:
    """Return who writes a home's journal in a database, wherever that is; None where nobody does, or the journal is a file."""
    database = _database(url)
    if database is None:
        return None
    from tlray.io.journal.postgres.journal import holder_of  # noqa: PLC0415

    return holder_of(database, str(home.path))


MAX_CHECKED_BYTES: Final = 300 * 1024 * 1024
"""A larger file is not read for a look; `tlray audit` reads it."""


@dataclass(frozen=True, slots=True)
class JournalHealth:
    """How a journal stands, for a person; the name has no secret."""

    name: str
    is_there: bool = True
    version: str = SCHEMA_VERSION
    damage: tuple[str, ...] = ()
    missing_rights: tuple[str, ...] = ()
    drift_s: float = 0.0
    """By how many seconds the database's clock is ahead of ours."""

    @property
    def is_older(self) -> bool:
        """True if a command that writes migrates it first."""
        return self.version != SCHEMA_VERSION


def inspect_journal(home: Home, url: SecretStr | None = None) -> JournalHealth:
    """Look at a home's journal without changing it; raises as `open_reader` does where it cannot be used."""
    database = _database(url)
    if database is not None:
        from tlray.io.journal.postgres.journal import PostgresReader, inspect_rights, is_there  # noqa: PLC0415

        with_tables = is_there(database, str(home.path))
        if with_tables:
            PostgresReader(database, str(home.path)).close()
        else:
            _require_no_file(home, database)
        rights, drift_s = inspect_rights(database, str(home.path))
        return JournalHealth(database.name, with_tables, missing_rights=tuple(rights), drift_s=drift_s)
    name = str(home.journal)
    if not has_journal(home, url):
        return JournalHealth(name, is_there=False)
    if (
        version := stored_version(home.path)
    ) != SCHEMA_VERSION or home.journal.stat().st_size > MAX_CHECKED_BYTES:
        return JournalHealth(name, version=version)
    with SqliteReader(home.path) as reader:
        reader.count_batches()
        return JournalHealth(name, damage=tuple(reader.damage()))


def require_readable(home: Home) -> None:
    """Raise what would keep a coordinator from starting: a journal that is damaged, of a newer version, or not reached.

    One in a database that is older is brought up to date: readers want it so.
    """
    with disk_errors(home.path):
        if has_journal(home):
            if (database := _database(None)) is not None:
                from tlray.io.journal.postgres.journal import bring_up_to_date  # noqa: PLC0415

                bring_up_to_date(database, str(home.path))
            with open_reader(home.path) as journal:
                journal.count_batches()
        elif (database := _database(None)) is not None:
            _require_no_file(home, database)


def owner_of(home: Home) -> str:
    """Return what a database remembers of the home whose journal it has: where its results are.

    For results in an object storage that is the storage's URI: a coordinator elsewhere, with a folder of its own, has the same.
    """
    known = home if home.storage is not None else Home.of(home.path, read_settings().storage)
    return known.storage.uri if known.storage is not None and known.has_objects else known.id


def identity_of(home: Home, url: SecretStr | None = None) -> str:
    """Return the name of a home in those of its actors, its keys in Redis and its events: the same wherever its journal is.

    It is the id in the folder. Where journal and results are elsewhere any folder will do, and the storage's URI makes the name.
    """
    if _database(url) is None or (owner := owner_of(home)) == home.id:
        return home.id
    return sha256(owner.encode()).hexdigest()[:16]


def journal_name(url: SecretStr | None) -> str:
    """Return the name of a database without its secret; "" for the home's own file."""
    return "" if url is None else _parse(url).name


def _has_file(home: Home) -> bool:
    """Return True if a home has a journal as a file; `HomeUnusable` where this user may not look."""
    with disk_errors(home.path):
        is_there = home.journal.exists()
    return is_there and not is_without_tables(home.path)


def _require_no_file(home: Home, database: Database) -> None:
    """Raise `JournalUnusable` where an empty database would hide the journal that a home has as a file."""
    if _has_file(home):
        hint = f"`tlray journal copy {home.path} TLRAY_JOURNAL` copies it"
        raise JournalUnusable(
            database.name, f"it is empty, but {home.path} has a journal in state.db; {hint}"
        )


def adopt_journal(url: SecretStr | None) -> None:
    """Use the setting of the process that started this one, whose environment has none."""
    if url is not None:
        _adopted[:] = [url]


_adopted: list[SecretStr] = []


def _database(url: SecretStr | None) -> Database | None:
    url = url or next(iter(_adopted), None) or read_settings().journal
    return None if url is None else _parse(url)


def _parse(url: SecretStr) -> Database:
    from tlray.io.journal.postgres.database import Database  # noqa: PLC0415

    return Database.parse(url.get_secret_value())
