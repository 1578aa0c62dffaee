"""When may a task begin? `tlray.cluster.limiter` in virtual time: the real gates; it may be restarted."""

from __future__ import annotations

from tlray.core.gate import Ask, Gate, Grant
from tlray.core.lease import Stops
from tlray.core.policy import DomainPolicy


class FakeLimiter:
    """`tlray.cluster.limiter.Limiter`, in virtual time; it may be restarted."""

    def __init__(self) -> None:
        self.gates: dict[str, Gate] = {}
        self.stops = Stops()

    def make_known(
        self, name: str, policy: DomainPolicy, *, starts_empty: bool, cool_s: float, now: float
    ) -> None:
        gate = self.gates.get(name)
        if gate is None:
            gate = self.gates[name] = Gate(policy, now=now, starts_empty=starts_empty)
        else:
            gate.set_policy(policy, now=now)
        if cool_s > 0:
            gate.stop(now + cool_s)

    def ask(self, holder: str, ask: Ask, now: float) -> Grant:
        gate = self.gates.get(ask.domain)
        return gate.ask(holder, ask, now=now) if gate else Grant(ask.domain, is_unknown=True)
