"""The URL of a PostgreSQL journal, and its name in messages, which never has the password."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final, Self
from urllib.parse import parse_qsl, unquote, urlsplit

from tlray.errors import UsageError

SHAPE: Final = "postgresql://user:password@host:5432/database"
_OPTIONS: Final = ("channel_binding", "gssencmode", "host", "sslcert", "sslkey", "sslmode", "sslrootcert")
_TIMEOUTS: Final[dict[str, int]] = {
    "connect_timeout": 5, "keepalives": 1, "keepalives_idle": 2, "keepalives_interval": 1, "keepalives_count": 3,
    "tcp_user_timeout": 5_000,
}  # fmt: skip
"""A server that is gone without a word is noticed within some seconds, while we wait for it and while we send to it."""


@dataclass(frozen=True, slots=True)
class Database:
    """One journal of a PostgreSQL server."""

    name: str
    """The URL without the password, for messages."""
    schema: str
    parameters: dict[str, str] = field(repr=False, hash=False)
    """Those of libpq."""

    @classmethod
    def parse(cls, url: str) -> Self:
        """Read a URL; `UsageError` where it is none, without a word of it: it may have a password anywhere."""
        try:
            parts = urlsplit(url)
            port = parts.port or 5432
        except ValueError:
            raise _wrong("its port is no number") from None
        if parts.scheme not in ("postgresql", "postgres"):
            raise _wrong("it does not begin with postgresql://")
        if "@" in parts.path + parts.query or parts.fragment or "/" in parts.path[1:]:
            raise _wrong("write special characters of the password percent-encoded (@ as %40, / as %2F)")
        options = dict(parse_qsl(parts.query))
        schema = options.pop("schema", "tlray")
        if unknown := sorted(set(options) - set(_OPTIONS)):
            raise _wrong(
                f"it does not take the option {unknown[0]!r}, only {', '.join(('schema', *_OPTIONS))}"
            )
        if not re.fullmatch(r"[a-z_][a-z0-9_]{0,62}", schema) or schema.startswith("pg_"):
            raise _wrong("a schema is named by small letters, digits and _")
        named = {
            "host": parts.hostname, "port": str(port), "user": parts.username, "password": parts.password,
            "dbname": parts.path[1:],
        }  # fmt: skip
        given = {key: unquote(value) for key, value in named.items() if value}
        who = f"{given['user']}@" if "user" in given else ""
        where = f"{given.get('host', options.get('host', ''))}:{port}/{given.get('dbname', '')}"
        return cls(f"postgresql://{who}{where} (schema {schema})", schema, {**given, **options})

    @property
    def conninfo(self) -> dict[str, str | int]:
        """Return the parameters of a connection, our timeouts among them."""
        return {**_TIMEOUTS, **self.parameters}

    def without_secret(self, text: str) -> str:
        """Return a message of libpq in one line, without what it says of the address and without the password."""
        line = text.strip().splitlines()[0] if text.strip() else "no reason given"
        line = re.sub(r"^connection failed: |^connection to server .*? failed: ", "", line)
        line = re.sub(r"^connection to server .*? failed: ", "", line).removeprefix("FATAL:").strip()
        secret = self.parameters.get("password", "")
        return line.replace(secret, "***") if secret else line


def _wrong(reason: str) -> UsageError:
    return UsageError(f"TLRAY_JOURNAL is no URL of a journal: {reason}; write {SHAPE}")
