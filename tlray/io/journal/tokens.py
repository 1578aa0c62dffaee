"""Which bearer tokens are there, whose are they, what may their holders do? Of the token itself only a hash is kept."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tlray.core.access.tokens import scopes_with

_COLUMNS = "name, user, scopes, created_at, last_used_at, revoked_at"


@dataclass(frozen=True, slots=True)
class TokenRow:
    """One token; moments are seconds since the epoch."""

    name: str
    """What a person sees of it."""
    user: str
    scopes: tuple[str, ...]
    """As they were asked for; `tlray.core.access.tokens.scopes_with` has what they hold."""
    created_at: float
    last_used_at: float | None
    """To the minute."""
    revoked_at: float | None

    @property
    def held(self) -> frozenset[str]:
        """All that its holder may do."""
        return scopes_with(self.scopes)


def create_token(
    db: sqlite3.Connection, *, name: str, digest: str, user: str, scopes: tuple[str, ...], now: float
) -> None:
    """Keep a new token; repeated, it changes nothing."""
    db.execute(
        "INSERT OR IGNORE INTO tokens (name, digest, user, scopes, created_at) VALUES (?, ?, ?, ?, ?)",
        (name, digest, user, " ".join(scopes), now),
    )


def revoke_token(db: sqlite3.Connection, name: str, *, now: float) -> bool:
    """Revoke a token; False where there is none of that name."""
    db.execute("UPDATE tokens SET revoked_at = coalesce(revoked_at, ?) WHERE name = ?", (now, name))
    return db.execute("SELECT 1 FROM tokens WHERE name = ?", (name,)).fetchone() is not None


def note_use(db: sqlite3.Connection, name: str, *, now: float) -> None:
    """Remember when a token was used."""
    db.execute("UPDATE tokens SET last_used_at = ? WHERE name = ?", (now, name))


def find_tokens(db: sqlite3.Connection, digests: Sequence[str]) -> dict[str, TokenRow]:
    """Return the tokens of some hashes, by hash, if they were not revoked."""
    if not digests:
        return {}
    places = ", ".join("?" * len(digests))
    rows = db.execute(
        f"SELECT digest, {_COLUMNS} FROM tokens WHERE digest IN ({places}) AND revoked_at IS NULL",  # noqa: S608 - our own words
        tuple(digests),
    )
    return {digest: _row(row) for digest, *row in rows}


def list_tokens(db: sqlite3.Connection) -> list[TokenRow]:
    """Return every token, the oldest first."""
    return [_row(row) for row in db.execute(f"SELECT {_COLUMNS} FROM tokens ORDER BY created_at, name")]  # noqa: S608


def had_tokens(db: sqlite3.Connection) -> bool:
    """Whether a token was ever made: from then on nobody is let in without one, be they all revoked."""
    if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'tokens'").fetchone():
        return False
    return db.execute("SELECT 1 FROM tokens LIMIT 1").fetchone() is not None


def has_tokens(db: sqlite3.Connection) -> bool:
    """Whether anybody could be let in by a token."""
    return had_tokens(db) and bool(
        db.execute("SELECT 1 FROM tokens WHERE revoked_at IS NULL LIMIT 1").fetchone()
    )


def may_submit(db: sqlite3.Connection, user: str) -> bool:
    """Whether a user has a token by which batches may be submitted."""
    rows = db.execute(f"SELECT {_COLUMNS} FROM tokens WHERE user = ? AND revoked_at IS NULL", (user,))  # noqa: S608
    return any("submit" in _row(row).held for row in rows)


def _row(row: Sequence[Any]) -> TokenRow:
    name, user, scopes, created_at, last_used_at, revoked_at = row
    return TokenRow(name, user, tuple(scopes.split()), created_at, last_used_at, revoked_at)
