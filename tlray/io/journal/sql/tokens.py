"""Bearer tokens of the service; of each only a hash is stored."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tlray.io.journal.service_rows import TokenRow
from tlray.io.journal.sql.connection import Connected, Writing, transactional

_COLUMNS = 'name, "user", scopes, created_at, last_used_at, revoked_at'


class TokenReads(Connected):
    """Queries about tokens."""

    def find_tokens(self, digests: Sequence[str]) -> dict[str, TokenRow]:
        if not digests:
            return {}
        marks = ", ".join("?" * len(digests))
        rows = self._db.execute(
            f"SELECT digest, {_COLUMNS} FROM tokens WHERE digest IN ({marks}) AND revoked_at IS NULL",
            tuple(digests),
        )
        return {digest: _row(row) for digest, *row in rows}

    def tokens(self) -> list[TokenRow]:
        return [
            _row(row) for row in self._db.execute(f"SELECT {_COLUMNS} FROM tokens ORDER BY created_at, name")
        ]

    def requires_tokens(self) -> bool:
        return self._db.execute("SELECT 1 FROM tokens LIMIT 1").fetchone() is not None


class TokenWrites(TokenReads, Writing):
    """Changes of tokens."""

    @transactional
    def create_token(self, *, name: str, digest: str, user: str, scopes: Sequence[str], now: float) -> None:
        self._db.execute(
            'INSERT INTO tokens (name, digest, "user", scopes, created_at) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING',
            (name, digest, user, " ".join(scopes), now),
        )

    @transactional
    def revoke_token(self, name: str, *, now: float) -> bool:
        sql = "UPDATE tokens SET revoked_at = coalesce(revoked_at, ?) WHERE name = ?"
        return bool(self._db.execute(sql, (now, name)).rowcount)

    @transactional
    def record_token_use(self, name: str, *, now: float) -> None:
        self._db.execute("UPDATE tokens SET last_used_at = ? WHERE name = ?", (now, name))


def _row(row: Sequence[Any]) -> TokenRow:
    name, user, scopes, created_at, last_used_at, revoked_at = row
    return TokenRow(name, user, tuple(scopes.split()), created_at, last_used_at, revoked_at)
