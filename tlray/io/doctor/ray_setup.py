"""Checks of Ray: its token authentication, the cluster that is named, and who can reach what listens. Ray is not loaded."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Final

import psutil

from tlray.core.model.hosts import innermost, literal_address
from tlray.io.disk.private_files import open_to_others
from tlray.io.doctor.report import Result, failed, ok, warning

MODE: Final = "RAY_AUTH_MODE"
SERVICE_PORT: Final = 8000
CONNECT_S: Final = 3.0
_PROGRAMS: Final = ("raylet", "gcs_server", "ray::", "ray/dashboard", "ray/_private", "tlray")
"""Words of the command lines of Ray's processes and ours."""
MAX_NAMED: Final = 6


def ray(environ: Mapping[str, str] | None = None) -> Result:
    """Check the token authentication of Ray, and that a named cluster is there."""
    environ = os.environ if environ is None else environ
    version = f"Ray {metadata.version('ray')}"
    address, mode = environ.get("RAY_ADDRESS", ""), environ.get(MODE, "")
    token = Path(environ.get("RAY_AUTH_TOKEN_PATH") or "~/.ray/auth_token").expanduser()
    if mode and mode != "token":
        return warning(
            f"{version}, {MODE}={mode}: whoever reaches its ports runs programs as you",
            f"export {MODE}=token",
        )
    if (is_open := open_to_others(token)) is not None:
        what, _, command = is_open.rpartition(": ")
        return warning(f"{version}: {what}", command)
    if not address or address == "local":
        return ok(
            f"{version}; RAY_ADDRESS is not set: tlray starts a Ray of its own, with a token, on loopback"
        )
    if not mode:
        return warning(
            f"{version}; RAY_ADDRESS={address} without {MODE}: a cluster with a token refuses us",
            f"export {MODE}=token",
        )
    if not (token.exists() or environ.get("RAY_AUTH_TOKEN")):
        return failed(
            f"{version}: there is no token at {token}",
            "copy it from the head node, where `ray get-auth-token` prints it",
        )
    return _at(address, version)


def _at(address: str, version: str) -> Result:
    host, _, port = address.rpartition("://")[2].rstrip("/").rpartition(":")
    if address == "auto" or not port.isdecimal():
        return ok(f"{version}, RAY_ADDRESS={address}, with a token")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=CONNECT_S).close()
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or "no answer"
        return failed(
            f"no Ray at RAY_ADDRESS={address}: {reason}", "`ray start --head` there, or unset RAY_ADDRESS"
        )
    return ok(f"{version}; a cluster listens at {address}")


def ports() -> Result:
    """List what listens of tlray and Ray, and warn of what other machines can reach."""
    found, others = _listeners()
    reachable = sorted({f"{name} {where}" for name, host, where in found if not is_local(host)})
    taken = [f"port {port} is in use by {name}" for port, name in others.items() if port == SERVICE_PORT]
    if reachable:
        named = ", ".join(reachable[:MAX_NAMED]) + (
            f" and {len(reachable) - MAX_NAMED} more" if reachable[MAX_NAMED:] else ""
        )
        return warning(
            f"other machines can reach {named}",
            "close these ports in the firewall; Ray's exporters of metrics have no token (docs/access.md)",
        )
    if taken:
        return warning(taken[0], "end it, or `tlray serve --port N`")
    n = len({where for _, _, where in found})
    return ok(
        f"{n} ports of tlray and Ray are open, on loopback only"
        if n
        else f"nothing of tlray or Ray listens; port {SERVICE_PORT} is free"
    )


def is_local(host: str) -> bool:
    """True if what listens at an address is reached from this machine only; ``::ffff:127.0.0.1`` is loopback, too."""
    address = literal_address(host)
    return address is not None and innermost(address).is_loopback


def _listeners() -> tuple[list[tuple[str, str, str]], dict[int, str]]:
    """Return what listens of this user's Ray and tlray (program, host, place), and other programs by their port."""
    found, others = [], {}
    names: dict[int, tuple[str, bool]] = {}
    try:
        connections = psutil.net_connections(kind="tcp")
    except psutil.AccessDenied:  # macOS, without the rights of root
        return [], {}
    for connection in connections:
        if connection.status != psutil.CONN_LISTEN:
            continue
        host, port = connection.laddr.ip, connection.laddr.port
        name, is_ours = names.setdefault(connection.pid or 0, _program(connection.pid))
        if is_ours:
            found.append((name, host, f"[{host}]:{port}" if ":" in host else f"{host}:{port}"))
        else:
            others[port] = name
    return found, others


def _program(pid: int | None) -> tuple[str, bool]:
    """Return the name of a process, and whether it is Ray's or tlray's."""
    if pid is None:
        return "a program of another user", False
    try:
        process = psutil.Process(pid)
        words = " ".join(process.cmdline())
        return process.name(), any(word in words for word in _PROGRAMS)
    except psutil.Error:
        return f"process {pid}", False
