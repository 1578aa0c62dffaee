"""How are tokens made where no service runs yet? In the journal itself, while nobody else holds the home."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from tlray.io.disk.home import Holder, Home, release
from tlray.io.journal.reader import JournalReader
from tlray.io.journal.sqlite import SqliteJournal
from tlray.io.journal.tokens import has_tokens

T = TypeVar("T")


def with_journal(home: Home, action: Callable[[sqlite3.Connection], T]) -> T:
    """Run one transaction in the journal of a home that nobody holds; `HomeInUse` where somebody does."""
    home.create()
    hold = home.hold(Holder(os.getpid(), "this machine", "", ""))
    try:
        with contextlib.closing(SqliteJournal(home.journal)) as journal:
            return journal.run(action)
    finally:
        release(hold)


def lets_anybody_in(path: Path) -> bool:
    """Whether a home has a token by which somebody could ask its service."""
    if not Home(path).exists():
        return False
    with JournalReader.of(path) as journal:
        return journal.ask(has_tokens)
