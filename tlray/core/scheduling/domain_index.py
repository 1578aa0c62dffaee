"""An index from each domain to the open batches that have, or had, items there, and to the gentlest of their policies.

A question about one domain costs nothing for each batch there, and the end of a batch costs its own domains.
"""

from __future__ import annotations

from collections.abc import Collection

from tlray.core.model.lifecycle import BatchState
from tlray.core.politeness.domain_policy import DomainPolicy
from tlray.core.politeness.policy import gentlest
from tlray.core.scheduling.batch import Batch

_NOT_AT_WORK = (BatchState.SCHEDULED, BatchState.PAUSED)


class _Policies:
    """Policies of several batches at one domain, and the gentlest of them. Few are different."""

    __slots__ = ("_n_batches", "gentlest")

    def __init__(self) -> None:
        self._n_batches: dict[DomainPolicy, int] = {}
        self.gentlest: DomainPolicy | None = None

    def add(self, policy: DomainPolicy) -> None:
        n = self._n_batches.get(policy, 0)
        self._n_batches[policy] = n + 1
        if not n:
            self.gentlest = gentlest(filter(None, (self.gentlest, policy)))

    def remove(self, policy: DomainPolicy) -> None:
        self._n_batches[policy] -= 1
        if not self._n_batches[policy]:
            del self._n_batches[policy]
            self.gentlest = gentlest(self._n_batches)


class DomainIndex:
    """Open batches by domain, in order of arrival."""

    def __init__(self) -> None:
        self._at: dict[str, dict[int, Batch]] = {}
        self._policies: dict[str, dict[bool, _Policies]] = {}
        """Domain of several batches → the policies of those at work, and of the others."""
        self._is_at_work: dict[int, bool] = {}
        """Batch → True if it was at work when it was filed."""

    def __repr__(self) -> str:
        return f"<Presence at {len(self._at)} domains>"

    def __contains__(self, domain: str) -> bool:
        return domain in self._at

    def at(self, domain: str) -> Collection[Batch]:
        """Return the batches of a domain."""
        here = self._at.get(domain)
        return here.values() if here else ()

    def policy(self, domain: str) -> DomainPolicy | None:
        """Return the gentlest policy of the batches at a domain; None without any. Paused and scheduled batches count only if
        there are no others."""
        here = self._at.get(domain, {})
        if len(here) < 2:
            return gentlest(batch.politeness.policy(domain) for batch in here.values())
        policies = self._policies[domain]
        return policies[True].gentlest or policies[False].gentlest

    def add(self, batch: Batch, domain: str) -> None:
        """Add a batch to a domain."""
        here = self._at.setdefault(domain, {})
        if batch.id in here:
            return
        self._is_at_work.setdefault(batch.id, batch.state not in _NOT_AT_WORK)
        here[batch.id] = batch
        if len(here) == 2:
            self._policies[domain] = {True: _Policies(), False: _Policies()}
            for each in here.values():
                self._count(each, domain)
        elif len(here) > 2:
            self._count(batch, domain)

    def _count(self, batch: Batch, domain: str) -> None:
        self._policies[domain][self._is_at_work[batch.id]].add(batch.politeness.policy(domain))

    def refile(self, batch: Batch) -> None:
        """Take in that a batch started or stopped work."""
        is_at_work = batch.state not in _NOT_AT_WORK
        if self._is_at_work.get(batch.id, is_at_work) is is_at_work:
            return
        self._is_at_work[batch.id] = is_at_work
        for domain in batch.open_by_domain:
            if domain in self._policies and batch.id in self._at[domain]:
                policy = batch.politeness.policy(domain)
                self._policies[domain][not is_at_work].remove(policy)
                self._policies[domain][is_at_work].add(policy)

    def is_filed(self, batch: Batch) -> bool:
        """True if a batch is at each of its domains, as what it is now."""
        is_at_work = batch.state not in _NOT_AT_WORK
        is_current = self._is_at_work.get(batch.id, is_at_work) is is_at_work
        return is_current and all(batch.id in self._at.get(domain, ()) for domain in batch.open_by_domain)

    def remove(self, batch: Batch) -> list[str]:
        """Remove a batch; return its domains."""
        was_at_work = self._is_at_work.pop(batch.id, True)
        for domain in batch.open_by_domain:
            here = self._at[domain]
            del here[batch.id]
            if not here:
                del self._at[domain]
            elif len(here) == 1:
                del self._policies[domain]
            else:
                self._policies[domain][was_at_work].remove(batch.politeness.policy(domain))
        return list(batch.open_by_domain)
