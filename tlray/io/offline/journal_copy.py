"""A journal copied to another database: from the file of a home into PostgreSQL, or back. Rows are streamed.

Source and target are held meanwhile, as a coordinator would, so that neither changes. The target must be empty, and gets all or
nothing: one transaction.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from tlray.errors import Conflict, UsageError
from tlray.io.disk.home import Holder, Home, release
from tlray.io.journal.opening import journal_name, open_source, open_target, owner_of
from tlray.io.journal.reader import JournalReader
from tlray.io.journal.sql.schema import NUMBERED, columns
from tlray.io.journal.writer import Journal

SETTING = "TLRAY_JOURNAL"
Place = Home | SecretStr
"""A home, whose journal is a file, or the URL of a database."""


def place_of(text: str, setting: SecretStr | None) -> Place:
    """Read one side of a copy: a folder or its ``state.db``, a URL, or the name of the setting that has one."""
    if text == SETTING:
        if setting is None:
            raise UsageError(f"{SETTING} is not set; set it to the URL of the database")
        return setting
    if "://" in text:
        journal_name(SecretStr(text))  # is it one?
        return SecretStr(text)
    path = Path(text).expanduser().absolute()
    return Home(path.parent if path.name == "state.db" else path)


def name_of(place: Place) -> str:
    """Return the name of a place in messages."""
    return str(place.path) if isinstance(place, Home) else journal_name(place)


def copy_between(source: Place, target: Place) -> dict[str, int]:
    """Copy a journal and return how many rows each table had; `HomeInUse`, or `Conflict` where the target is not empty."""
    if name_of(source) == name_of(target):
        raise UsageError(f"{name_of(source)} is the source and the target of the copy; name another target")
    home = next((place for place in (source, target) if isinstance(place, Home)), None)
    with ExitStack() as stack:
        if isinstance(source, Home) and not source.journal.exists():
            raise UsageError(f"there is no journal (state.db) in {source.path}")
        if isinstance(target, Home):
            target.create()
        if home is not None:
            hold = home.hold(Holder(os.getpid(), "this machine", "", ""))
            stack.callback(release, hold)
        if isinstance(target, Home) and isinstance(source, Home):
            other = target.hold(Holder(os.getpid(), "this machine", "", ""))
            stack.callback(release, other)
        opened = stack.enter_context(open_source(source))
        made = stack.enter_context(open_target(target, home_id=owner_of(home) if home is not None else ""))
        return copy_rows(opened, made, name_of(target))


def copy_rows(source: JournalReader, target: Journal, name: str) -> dict[str, int]:
    """Copy every row in one transaction; `Conflict` unless the target, which has this name, is empty."""
    counts = dict.fromkeys(columns(), 0)
    numbers = source.last_numbers()

    def counted(table: str) -> Iterator[Sequence[Any]]:
        for row in source.rows(table):
            counts[table] += 1
            if columns()[table][0] in NUMBERED:
                numbers[table] = max(numbers.get(table, 0), row[0])
            yield row

    with source.snapshot(), target.transaction():
        for table in columns():
            if table != "meta" and next(target.rows(table), None) is not None:
                raise Conflict(f"the journal {name} is not empty ({table}); nothing was copied")
        for table in columns():
            target.take_rows(table, counted(table))
        for table, last in numbers.items():
            if last:
                target.number_on(table, last)
    return counts
