"""Which lanes are given up because their domain is to rest for longer than a batch waits?

A site may ask for any rest; ten years of ``Retry-After`` are obeyed, but a batch that waited for them would never end. Where a
domain's rest is longer than the batch puts items off, its items there become dead letters, which say so. It is looked at
where a rest begins, and where items come to a domain that rests: also when a person tries them again. A domain that blocks
again and again, or is gone, is *parked*: its lanes are given up, too.
"""

from __future__ import annotations

from tlray.core.scheduling.changeset import LaneDeath
from tlray.core.scheduling.engine_state import EngineState


class Patience:
    """The domains that are to be looked at."""

    def __init__(self, state: EngineState) -> None:
        self._state = state
        self._news: dict[str, None] = {}

    def look_at(self, domain: str) -> None:
        """Take in that a domain's rest has begun, or that items have come to it."""
        self._news[domain] = None

    def forget(self, domain: str) -> None:
        """Take in that a domain is forgotten."""
        self._news.pop(domain, None)

    def deaths(self, now: float) -> list[LaneDeath]:
        """Return the lanes to be given up. A batch that is paused keeps its items; they are looked at again."""
        news, self._news = self._news, {}
        deaths = []
        for name in news:
            domain = self._state.domains[name]
            if not domain.is_cooling(now):
                continue
            for book in self._state.presence.at(name):
                why = domain.out_of_patience(book.retry.snooze_s(name), now=now)
                if why is None or book.open_by_domain.get(name, 0) <= 0:
                    continue
                if book.may_lease:
                    deaths.append(LaneDeath(book.id, name, why))
                else:
                    self.look_at(name)
        return deaths
