"""The lanes that are given up, because their domain rests for longer than the batch puts items off.

A site may ask for any rest; ten years of ``Retry-After`` are obeyed, but a batch that waited for them would never end. If a
domain's rest is longer than the batch's longest snooze, its items there become dead letters with that reason. A domain is
checked when a rest begins, and when items come to it while it rests, retried ones included. The lanes of a *parked* domain,
which blocks again and again or is gone, are given up too.
"""

from __future__ import annotations

from tlray.core.scheduling.changeset import LaneDeath
from tlray.core.scheduling.engine_state import EngineState


class GiveUp:
    """The domains that are to be checked."""

    def __init__(self, state: EngineState) -> None:
        self._state = state
        self._news: dict[str, None] = {}

    def check(self, domain: str) -> None:
        """Check a domain: its rest has begun, or items have come to it."""
        self._news[domain] = None

    def forget(self, domain: str) -> None:
        """Forget a domain."""
        self._news.pop(domain, None)

    def deaths(self, now: float) -> list[LaneDeath]:
        """Return the lanes to give up. A paused batch keeps its items; they are checked again."""
        news, self._news = self._news, {}
        deaths = []
        for name in news:
            domain = self._state.domains[name]
            if not domain.is_cooling(now):
                continue
            for batch in self._state.domain_index.at(name):
                reason = domain.give_up_reason(batch.retry.snooze_s(name), now=now)
                if reason is None or batch.open_by_domain.get(name, 0) <= 0:
                    continue
                if batch.may_lease:
                    deaths.append(LaneDeath(batch.id, name, reason))
                else:
                    self.check(name)
        return deaths
