"""The URL of a Redis server, which may hold a password: shown without it."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from pydantic import SecretStr


@dataclass(frozen=True, slots=True)
class RedisAddress:
    """The address of a server; as text it has no user and no password. `tlray.settings` has checked the URL."""

    url: str = field(repr=False)

    def __str__(self) -> str:
        parts = urlsplit(self.url)
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
        return f"{parts.scheme}://{host}:{parts.port or 6379}/{parts.path.strip('/') or '0'}"


def address_of(url: SecretStr | None) -> RedisAddress | None:
    """Return the address of a setting; None without one."""
    return None if url is None else RedisAddress(url.get_secret_value().strip())
