"""The limiter actors: each domain's token bucket lives in exactly one of them.

A limiter knows nothing that must survive. Killed and restarted, it knows no domain; tasks that ask are told so, they tell the
coordinator, and it makes the domain known again, with an empty bucket and what is left of its cool-down.
"""

from __future__ import annotations

import hashlib
import math
import secrets
from typing import Any

import ray

from tlray.cluster.ports.clock import Clock, SystemClock
from tlray.cluster.ports.registration import Registration
from tlray.core.politeness.limiter_gate import UNASKED_S, Gate, PermitGrant, PermitRequest
from tlray.core.scheduling.lease import NO_STOPS, Stops

NAMESPACE = "tlray"
SWEEP_EVERY_S = 600.0
"""How often a limiter looks for gates that nobody asks for: their coordinator may have died."""
MAX_LIMITERS = 16
"""The most that ``TLRAY_LIMITER_ACTORS`` allows."""


class Limiter:
    """Buckets and slots of some domains."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._life = secrets.token_hex(4)
        self._calls: dict[str, int] = {}
        """Domain → the newest call about it."""
        self._gates: dict[str, Gate] = {}
        self._stops = NO_STOPS
        self._swept_at = self._clock.monotonic()

    async def register(self, domains: list[Registration], stops: Stops) -> str:
        """Take in domains as they are now; return the name of this life."""
        now = self._clock.monotonic()
        self._sweep(now)
        self._stops = self._stops.newest(stops)
        for name, policy, starts_empty, rest_s, call in domains:
            if call < self._calls.get(name, call):
                continue
            self._calls[name] = call
            gate = self._gates.get(name)
            if gate is None:
                gate = self._gates[name] = Gate(policy, now=now, starts_empty=starts_empty)
            else:
                gate.set_policy(policy, now=now)
            gate.rests_until = now + rest_s if rest_s > 0 else -math.inf
        return self._life

    async def stop_batches(self, stops: Stops) -> None:
        """Take in which batches may begin nothing (paused, cancelled)."""
        self._stops = self._stops.newest(stops)

    async def ask(self, holder: str, asks: list[PermitRequest]) -> tuple[list[PermitGrant], Stops]:
        """Answer a task: permits by domain, and the batches that may begin nothing."""
        now = self._clock.monotonic()
        self._sweep(now)
        grants = []
        for ask in asks:
            gate = self._gates.get(ask.domain)
            grants.append(
                gate.ask(holder, ask, now=now) if gate else PermitGrant(ask.domain, is_unknown=True)
            )
        return grants, self._stops

    async def forget(self, holder: str) -> None:
        """Take back the slots of a task that has ended."""
        for gate in self._gates.values():
            gate.forget(holder)

    async def forget_domains(self, names: list[str]) -> None:
        """Forget domains that nobody has anything to do with. One that has given permits within its own window stays; it is
        dropped when nobody has asked for it for a long time."""
        now = self._clock.monotonic()
        for name in names:
            gate = self._gates.get(name)
            if gate is not None and gate.may_be_dropped(now=now):
                self._drop(name)

    def _sweep(self, now: float) -> None:
        if now - self._swept_at < SWEEP_EVERY_S:
            return
        self._swept_at = now
        for name in [n for n, g in self._gates.items() if g.may_be_dropped(now=now, unasked_s=UNASKED_S)]:
            self._drop(name)

    def _drop(self, name: str) -> None:
        del self._gates[name]
        self._calls.pop(name, None)


def limiter_of(domain: str, n_limiters: int) -> int:
    """Return which limiter has a domain: the one with the highest hash of both (rendezvous hashing)."""
    if n_limiters <= 1:
        return 0

    def weight(number: int) -> bytes:
        return hashlib.blake2b(f"{number} {domain}".encode(), digest_size=8).digest()

    return max(range(n_limiters), key=weight)


def limiter_name(number: int, home_key: str) -> str:
    """Return the actor name of a home's limiter."""
    return f"tlray-limiter-{home_key}-{number}"


def start_limiter(number: int, home_key: str, node_id: str) -> Any:
    """Return the handle of a limiter actor, started where it is not there yet: on the coordinator's node, so that it holds no
    other node that could go. Ray keeps a soft affinity at the first start only; a hard one holds for restarts, too."""
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy  # noqa: PLC0415 - only here

    return (
        ray.remote(Limiter)
        .options(
            name=limiter_name(number, home_key),
            namespace=NAMESPACE,
            lifetime="detached",
            get_if_exists=True,
            num_cpus=0,
            max_restarts=-1,
            max_task_retries=-1,
            enable_task_events=False,
            scheduling_strategy=NodeAffinitySchedulingStrategy(node_id, soft=False),
        )
        .remote()
    )


def kill_limiters(home_key: str) -> int:
    """Kill a home's limiters; return how many there were. A limiter holds nothing that must survive."""
    n = 0
    for number in range(MAX_LIMITERS):
        try:
            limiter: Any = ray.get_actor(limiter_name(number, home_key), namespace=NAMESPACE)
        except ValueError:
            continue
        ray.kill(limiter, no_restart=True)
        n += 1
    return n


__all__ = ["NAMESPACE", "Limiter", "kill_limiters", "limiter_name", "limiter_of", "start_limiter"]
