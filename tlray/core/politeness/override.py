"""What has a person set for a domain? It stands in the place of what batches and profiles say of it; what the site's robots.txt
asks for is still the ceiling above it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from tlray.core.politeness.policy import MOST_AT_ONCE, DomainPolicy, host_of


@dataclass(frozen=True, slots=True)
class SetByHand:
    """One domain's settings, for all batches."""

    rate: float | None = None
    """Fetches a second at most; None: as batches and profiles say."""
    concurrency: int | None = None
    """Fetches at once at most."""
    is_paused: bool = False
    """Nothing of it is leased; what is in flight ends."""

    def under(self, host: SetByHand) -> SetByHand:
        """Return what holds at a port of a host for which something is set, too: what is said of the port, else of the host."""
        return SetByHand(
            host.rate if self.rate is None else self.rate,
            host.concurrency if self.concurrency is None else self.concurrency,
            self.is_paused or host.is_paused,
        )

    def over(self, policy: DomainPolicy) -> DomainPolicy:
        """Return a policy with what is set in its place. A rate that is set is kept to, without bursts."""
        if self.rate is not None:
            policy = replace(policy, rate=self.rate, burst=1.0, is_auto=False)
        if self.concurrency is not None:
            policy = replace(policy, concurrency=min(self.concurrency, MOST_AT_ONCE))
        return policy


NOTHING = SetByHand()


def set_for(name: str, settings: Mapping[str, SetByHand]) -> SetByHand:
    """Return what is set for a domain, or for its host and so for each of its ports."""
    own, host = settings.get(name, NOTHING), host_of(name)
    return own if host == name else own.under(settings.get(host, NOTHING))
