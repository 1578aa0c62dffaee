"""An operator's override of a domain's policy. It replaces batch options and site profiles; the crawl-delay still applies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tlray.core.model.urls import host_of


@dataclass(frozen=True, slots=True)
class DomainOverride:
    """The override of one domain, for all batches."""

    rate: float | None = None
    """Fetches a second at most; None: no override."""
    concurrency: int | None = None
    """Fetches in flight at most; None: no override."""
    is_paused: bool = False
    """True: nothing of it is leased; fetches in flight end."""

    def under(self, host: DomainOverride) -> DomainOverride:
        """Return the override of a port: its own values, else those of its host."""
        return DomainOverride(
            host.rate if self.rate is None else self.rate,
            host.concurrency if self.concurrency is None else self.concurrency,
            self.is_paused or host.is_paused,
        )


NO_OVERRIDE = DomainOverride()


def override_for(name: str, settings: Mapping[str, DomainOverride]) -> DomainOverride:
    """Return the override of a domain; that of a host holds at each of its ports."""
    own, host = settings.get(name, NO_OVERRIDE), host_of(name)
    return own if host == name else own.under(settings.get(host, NO_OVERRIDE))
