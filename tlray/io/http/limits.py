"""How long may one request take, how much may it bring, and in whose name is it made?"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchLimits:
    """How long one request may take, and how much it may bring."""

    total_timeout_s: float = 60.0
    """From the request to the last byte, connecting included."""
    connect_timeout_s: float = 15.0
    """For one TCP and TLS handshake."""
    read_timeout_s: float = 30.0
    """Between two reads."""
    max_wire_bytes: int = 8 * 1024 * 1024
    max_body_bytes: int = 16 * 1024 * 1024
    """After decompression."""
    max_connections: int = 512
    """Of one scrape task. A fetch does not begin without one: to wait for it would count as the site's time. How many of them a
    domain may have is its policy's concurrency."""
    keep_alive_s: float = 30.0
    """How long an idle connection is kept: longer than any crawl-delay we know."""


@dataclass(frozen=True, slots=True)
class Sender:
    """In whose name one request is made, and how long it may take, in the place of the fetcher's own."""

    user_agent: str
    total_timeout_s: float
