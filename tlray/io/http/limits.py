"""Limits of one request, and its sender."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchLimits:
    """Limits of time, size and connections."""

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
    """Of one scrape task. A fetch begins only with a free one: a wait for it would count as the site's time. A domain has as many
    as its policy's concurrency."""
    keep_alive_s: float = 30.0
    """Of an idle connection; longer than any crawl-delay we know."""


@dataclass(frozen=True, slots=True)
class Sender:
    """The User-Agent and time limit of one request, in place of the fetcher's own."""

    user_agent: str
    total_timeout_s: float
