"""Check of the journal: a file for damage and rights, a database for its rights and its clock."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from pydantic import SecretStr

from tlray.errors import HomeUnusable, JournalLost, JournalUnusable, StorageFull
from tlray.io.disk.home import Home
from tlray.io.doctor.clock import MAX_DRIFT_S, SYNC
from tlray.io.doctor.folders import not_writable
from tlray.io.doctor.hints import DATABASE, hint_for
from tlray.io.doctor.home_state import OTHER_HOME
from tlray.io.doctor.reach import unreachable
from tlray.io.doctor.report import Result, failed, ok, warning
from tlray.io.journal.opening import inspect_journal, journal_name
from tlray.settings import read_settings

PORT: Final = 5432


def journal(path: Path, url: SecretStr | None = None) -> Result:  # noqa: PLR0911 - a list of rules
    """Check the journal of a home, in the home or in the database at ``url``."""
    url = url or read_settings().journal
    if url is not None and (result := _unreachable(url)) is not None:
        return result
    try:
        health = inspect_journal(Home(path), url)
    except (JournalUnusable, JournalLost) as error:
        assert url is not None  # noqa: S101 - only a database raises these
        return _refused(url, str(error.args[1]))
    except (HomeUnusable, StorageFull) as error:
        return _unreadable(path, str(error.args[-1]))
    if health.missing_rights and url is not None:
        what = f"{health.name}: the user lacks {', '.join(health.missing_rights)}"
        return failed(what, f"as its administrator: {_grants(url, health.missing_rights)}")
    if health.damage:
        return failed(f"{health.name} is damaged: {health.damage[0]}", _restore(path))
    if abs(health.drift_s) > MAX_DRIFT_S:
        return warning(f"{health.name}: its clock and ours differ by {abs(health.drift_s):,.0f} s", SYNC)
    if not health.is_there:
        return ok(f"{health.name} has no journal yet; the first batch makes it")
    if health.is_older:
        return ok(
            f"{health.name} is of an older tlray (version {health.version}); the first command that writes migrates it"
        )
    return ok(f"{health.name} is whole, version {health.version}")


# -- a file ----------------------------------------------------------------------------------------------


def _unreadable(path: Path, reason: str) -> Result:
    """Return what is wrong with ``state.db``, and how to correct it."""
    if "of version" in reason:
        hint = f"install the newer tlray that wrote it, or {OTHER_HOME}"
        return failed(f"{path / 'state.db'}: {reason}", hint)
    if (result := not_writable(path, OTHER_HOME)) is not None:
        return result
    if "unable to open" in reason or "readonly" in reason:
        return failed(
            f"{path / 'state.db'} cannot be opened",
            f"see the check `home`, and `ls -la {shlex.quote(str(path))}`",
        )
    if "locked" in reason:
        return failed(
            f"{path / 'state.db'}: {reason}",
            f"`fuser {shlex.quote(str(path / 'state.db'))}` names the process that holds it",
        )
    return failed(f"{path / 'state.db'}: {reason}", _restore(path))


def _restore(path: Path) -> str:
    """Return how to put a journal in the place of a damaged one."""
    home = shlex.quote(str(path))
    return (
        f"end what works in it (`tlray stop --home {home}`); `cd {home} && mv state.db damaged.db && rm -f state.db-wal"
        f" state.db-shm`; copy state.db of a backup to its place; `tlray audit --home {home}`. Without a backup {OTHER_HOME}:"
        " the files of results/ and archive/ stay"
    )


# -- a database ------------------------------------------------------------------------------------------


def _unreachable(url: SecretStr) -> Result | None:
    """Return why nothing answers at the host of a URL; None if something does, or it names no single host."""
    try:
        parts = urlsplit(url.get_secret_value())
        host, port = parts.hostname or "", parts.port or PORT
        name = journal_name(url)
    except ValueError:
        return None
    if not host or any(mark in host for mark in ",/%"):
        return None
    return unreachable(name, host, port, setting="TLRAY_JOURNAL", program="PostgreSQL")


def _refused(url: SecretStr, text: str) -> Result:
    """Return why a database cannot be used, and how to correct it."""
    reason, _, said = text.partition("; ")
    user, database = _names(url)
    hint = said or hint_for(DATABASE, reason, user=user, database=database, schema=_schema(url))
    return failed(f"{journal_name(url)}: {reason}", hint)


def _grants(url: SecretStr, missing: Sequence[str]) -> str:
    """Return the statements that give a user the rights that it lacks."""
    user, database = _names(url)
    of_database = [right.partition(" on ")[0] for right in missing if right.endswith(" on the database")]
    statements = [f"GRANT {', '.join(of_database)} ON DATABASE {database} TO {user}"] if of_database else []
    if len(of_database) < len(missing):
        schema = _schema(url)
        statements.append(f"GRANT ALL ON ALL TABLES IN SCHEMA {schema} TO {user}")
        statements.append(f"GRANT ALL ON ALL SEQUENCES IN SCHEMA {schema} TO {user}")
    return "; ".join(statements)


def _names(url: SecretStr) -> tuple[str, str]:
    """Return user and database of a URL, as SQL spells them."""
    parts = urlsplit(url.get_secret_value())
    return tuple(
        f'"{unquote(name)}"'
        for name in (parts.username or "USER", parts.path[1:] or parts.username or "DATABASE")
    )  # type: ignore[return-value]


def _schema(url: SecretStr) -> str:
    return journal_name(url).rpartition("(schema ")[2].rstrip(")")
