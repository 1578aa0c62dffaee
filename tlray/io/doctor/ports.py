"""Check of who can reach what tlray and Ray listen at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import psutil

from tlray.core.model.hosts import innermost, literal_address
from tlray.io.doctor.report import Result, ok, warning

SERVICE_PORT: Final = 8000
MAX_NAMED: Final = 6
_PROGRAMS: Final = ("raylet", "gcs_server", "ray::", "ray/dashboard", "ray/_private", "tlray")
"""Words of the command lines of Ray's processes and ours."""


class Kind(StrEnum):
    """What listens."""

    SERVICE = "the service"
    REPLICA = "a replica of a service"
    """Ray Serve opens a port of each at every address; it wants Ray's token."""
    RAY = "Ray"
    OTHER = "another program"


@dataclass(frozen=True, slots=True)
class Listener:
    """A socket that listens, and its program."""

    program: str
    kind: Kind
    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.program} {host}:{self.port}"


def ports() -> Result:
    """List what listens of tlray and Ray, and warn of what other machines can reach."""
    listeners = _listeners()
    if listeners is None:
        return ok("this user may not see what listens (on macOS root may)")
    reachable = [one for one in listeners if one.kind in _HINTS and not is_local(one.host)]
    if reachable:
        return _reachable(reachable)
    taken = [one for one in listeners if one.kind is Kind.OTHER and one.port == SERVICE_PORT]
    if taken:
        return warning(
            f"port {SERVICE_PORT} is in use by {taken[0].program}",
            f"end it, or serve at another port: `tlray serve --port {SERVICE_PORT + 1}`",
        )
    n = len({str(one) for one in listeners if one.kind is not Kind.OTHER})
    if not n:
        return ok(f"nothing of tlray or Ray listens; port {SERVICE_PORT} is free")
    replicas = sorted({str(one) for one in listeners if one.kind is Kind.REPLICA and not is_local(one.host)})
    but = f", but for {', '.join(replicas[:MAX_NAMED])}, which wants Ray's token" if replicas else ""
    return ok(f"{n} ports of tlray and Ray are open, on loopback only{but}")


def _reachable(listeners: list[Listener]) -> Result:
    """Return the warning of what other machines can reach; the hint is for the kinds that there are."""
    names = sorted({str(one) for one in listeners})
    more = f" and {len(names) - MAX_NAMED} more" if names[MAX_NAMED:] else ""
    hints = [hint for kind, hint in _HINTS.items() if any(one.kind is kind for one in listeners)]
    return warning(f"other machines can reach {', '.join(names[:MAX_NAMED])}{more}", "; ".join(hints))


_HINTS: Final[Mapping[Kind, str]] = {
    Kind.SERVICE: (
        "the service answers tokens only, without TLS: leave out --host to close it, or put a proxy with TLS in front"
        " (docs/deploy.md)"
    ),
    Kind.RAY: (
        "close Ray's ports in the firewall: its exporters of metrics have no token; a cluster of this machine alone starts on"
        " loopback with `RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER=0 ray start --head` (docs/access.md)"
    ),
}


def is_local(host: str) -> bool:
    """True if what listens at an address is reached from this machine only; ``::ffff:127.0.0.1`` is loopback, too."""
    address = literal_address(host)
    return address is not None and innermost(address).is_loopback


def _listeners() -> list[Listener] | None:
    """Return what listens on this machine; None if this user may not see it."""
    programs: dict[int, tuple[str, Kind]] = {}
    try:
        connections = psutil.net_connections(kind="tcp")
    except psutil.AccessDenied:  # macOS, without the rights of root
        return None
    found = []
    for connection in connections:
        if connection.status == psutil.CONN_LISTEN:
            name, kind = programs.setdefault(connection.pid or 0, _program(connection.pid))
            found.append(Listener(name, kind, connection.laddr.ip, connection.laddr.port))
    return found


def _program(pid: int | None) -> tuple[str, Kind]:
    """Return the name of a process, and what it is."""
    if pid is None:
        return "a program of another user", Kind.OTHER
    try:
        process = psutil.Process(pid)
        words, name = " ".join(process.cmdline()), process.name()
    except psutil.Error:
        return f"process {pid}", Kind.OTHER
    if not any(word in words for word in _PROGRAMS):
        return name, Kind.OTHER
    kinds = (
        (Kind.SERVICE, "ray::ProxyActor"),
        (Kind.SERVICE, "tlray serve"),
        (Kind.REPLICA, "ray::ServeReplica"),
    )
    return name, next((kind for kind, word in kinds if word in words), Kind.RAY)
