"""The broker's URL, which may hold a password: read, checked, and shown without it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from yarl import URL

from tlray.errors import UsageError

EXAMPLE: Final = "amqp://user:password@host:5672/vhost"
SCHEMES: Final = {"amqp": 5672, "amqps": 5671}


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """Where a broker is; as text it is what may be shown."""

    url: URL = field(repr=False)

    def __str__(self) -> str:
        host = f"[{self.url.host}]" if ":" in (self.url.host or "") else self.url.host
        return (
            f"{self.url.scheme}://{host}:{self.url.port or SCHEMES[self.url.scheme]}/{self.vhost.lstrip('/')}"
        )

    @property
    def user(self) -> str:
        """The user's name, as the broker is given it."""
        return self.url.user or "guest"

    @property
    def vhost(self) -> str:
        """The virtual host; ``/`` where none is named."""
        return self.url.path.removeprefix("/").replace("%2F", "/") or "/"


def broker_address(text: str, of: str = "AMQP_URL") -> BrokerAddress:
    """Read a broker's URL; UsageError says what is wrong with it, and shows nothing of it that may be secret."""
    try:
        url = URL(text.strip())
        port = url.port
    except ValueError:
        raise UsageError(f"{of} is no URL; write {EXAMPLE}") from None
    if url.scheme not in SCHEMES:
        reason = "has no amqp:// or amqps:// in front"
    elif not url.host:
        reason = "names no host"
    elif port == 0:
        reason = "has port 0"
    else:
        return BrokerAddress(url)
    raise UsageError(f"{of} {reason}; write {EXAMPLE}")
