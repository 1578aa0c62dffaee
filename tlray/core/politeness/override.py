"""An operator's override of a domain's policy. It replaces batch options and site profiles; the crawl-delay still applies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tlray.core.model.urls import host_of


@dataclass(frozen=True, slots=True)
class DomainOverride:
    """One domain's settings, for all batches."""

    rate: float | None = None
    """Fetches a second at most; None: as batches and profiles say."""
    concurrency: int | None = None
    """Fetches at once at most."""
    is_paused: bool = False
    """Nothing of it is leased; what is in flight ends."""

    def under(self, host: DomainOverride) -> DomainOverride:
        """Return what holds at a port of a host for which something is set, too: what is said of the port, else of the host."""
        return DomainOverride(
            host.rate if self.rate is None else self.rate,
            host.concurrency if self.concurrency is None else self.concurrency,
            self.is_paused or host.is_paused,
        )


NO_OVERRIDE = DomainOverride()


def override_for(name: str, settings: Mapping[str, DomainOverride]) -> DomainOverride:
    """Return what is set for a domain, or for its host and so for each of its ports."""
    own, host = settings.get(name, NO_OVERRIDE), host_of(name)
    return own if host == name else own.under(settings.get(host, NO_OVERRIDE))
