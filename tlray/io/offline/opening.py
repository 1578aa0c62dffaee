"""The journal of a home that nobody holds, opened for one command."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from pydantic import SecretStr

from tlray.io.disk.home import Holder, Home, release
from tlray.io.journal.opening import has_journal, open_journal, open_reader
from tlray.io.journal.writer import Journal


@contextlib.contextmanager
def offline_journal(home: Home) -> Iterator[Journal]:
    """Hold a home and open its journal; `HomeInUse` if another process holds it."""
    home.create()
    hold = home.hold(Holder(os.getpid(), "this machine", "", ""))
    try:
        with open_journal(home) as journal:
            yield journal
    finally:
        release(hold)


def has_usable_token(home: Path, url: SecretStr | None = None) -> bool:
    """Return True if a home has a token that was not revoked."""
    if not has_journal(Home(home), url):
        return False
    with open_reader(home, url) as journal:
        return any(token.revoked_at is None for token in journal.tokens())
