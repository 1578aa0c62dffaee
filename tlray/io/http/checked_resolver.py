"""Resolver that returns allowed addresses only.

aiohttp connects to the very addresses that the resolver returns, so that a name that changes its address a moment later (DNS
rebinding) gains nothing.
"""

from __future__ import annotations

import socket
from ipaddress import ip_address

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

from tlray.core.model.address_policy import AddressPolicy


class RefusedAddressError(OSError):
    """All addresses of a name are refused; an `OSError`, as a resolver must raise."""

    def __init__(self, host: str, why: str) -> None:
        super().__init__(host, why)

    def __str__(self) -> str:
        return f"{self.args[0]}: {self.args[1]}"


class CheckedResolver(AbstractResolver):
    """A resolver that returns only the addresses that the policy allows."""

    def __init__(self, policy: AddressPolicy, inner: AbstractResolver | None = None) -> None:
        self._policy = policy
        self._inner = inner or ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the allowed addresses of ``host``; RefusedAddressError if there are only others."""
        found = await self._inner.resolve(host, port, family)
        why = None
        allowed = []
        for result in found:
            refusal = self._policy.refusal(ip_address(result["host"].partition("%")[0]))
            if refusal is None:
                allowed.append(result)
            else:
                why = refusal
        if why is not None and not allowed:
            raise RefusedAddressError(host, why)
        return allowed

    async def close(self) -> None:
        """Close the resolver underneath."""
        await self._inner.close()
