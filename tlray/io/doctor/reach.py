"""A server's address, tried by itself: its name is looked up, and one connection is made and closed.

So a check says which of the two fails, and how, before a library puts both into one error. A look-up has no time limit of its
own, and runs in a thread that nobody waits for.
"""

from __future__ import annotations

import socket
import threading
import time
from typing import Any, Final

from tlray.io.doctor.report import Result, failed

NAME_S: Final = 4.0
CONNECT_S: Final = 4.0
"""The longest for all addresses of a name together."""
MAX_ADDRESSES: Final = 4


def look_up(host: str, port: int, *, limit_s: float = NAME_S) -> list[tuple[Any, ...]]:
    """Return the addresses of a host; OSError if it has none, TimeoutError if no name server answers."""
    answers: list[list[tuple[Any, ...]] | OSError] = []

    def ask() -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            is_none = isinstance(error, UnicodeError)  # a label that is empty, or too long
            answers.append(socket.gaierror(socket.EAI_NONAME, "no name of a host") if is_none else error)  # type: ignore[arg-type]
        else:
            answers.append(list(found))

    thread = threading.Thread(target=ask, name=f"look up {host}", daemon=True)
    thread.start()
    thread.join(limit_s)
    if not answers:
        raise TimeoutError
    if isinstance(answers[0], OSError):
        raise answers[0]
    return answers[0]


def name_fails(place: str, host: str, port: int, *, setting: str) -> Result | None:
    """Return why the name of a host cannot be looked up, and how to correct it; None if it can."""
    try:
        look_up(host, port)
    except TimeoutError:
        return failed(f"{place}: no name server has answered for {host} within {NAME_S:g} s", _NAME_SERVERS)
    except socket.gaierror as error:
        if error.errno == socket.EAI_AGAIN:
            return failed(f"{place}: no name server answers for {host}", _NAME_SERVERS)
        hint = f"correct the host in {setting}; `getent hosts {host}` prints its address if this machine knows it"
        return failed(f"{place}: there is no host {host}", hint)
    except OSError as error:
        return failed(f"{place}: {host} cannot be looked up: {error.strerror}", _NAME_SERVERS)
    return None


def unreachable(place: str, host: str, port: int, *, setting: str, program: str) -> Result | None:
    """Return why nothing takes a connection at a host and port, and how to correct it; None if something does."""
    if (result := name_fails(place, host, port, setting=setting)) is not None:
        return result
    error = _connect(host, port)
    if error is None:
        return None
    if isinstance(error, ConnectionRefusedError):
        return failed(
            f"{place}: nothing listens there (connection refused)",
            f"start {program} there, or correct host and port in {setting}",
        )
    if isinstance(error, TimeoutError):
        return failed(
            f"{place}: no connection within {CONNECT_S:g} s",
            f"see that the machine runs, and that no firewall drops connections to its port {port}; or correct {setting}",
        )
    return failed(
        f"{place}: no connection: {error.strerror or type(error).__name__}",
        f"see that this machine has a network and a route to {host}; or correct {setting}",
    )


_NAME_SERVERS: Final = "see that the name servers in /etc/resolv.conf are right and can be reached"


def _connect(host: str, port: int) -> OSError | None:
    """Connect to the first of a host's addresses that answers; return the last error if none does."""
    error: OSError | None = TimeoutError()
    deadline = time.monotonic() + CONNECT_S
    for family, kind, proto, _, address in look_up(host, port)[:MAX_ADDRESSES]:
        try:
            with socket.socket(family, kind, proto) as connection:
                connection.settimeout(max(0.1, deadline - time.monotonic()))
                connection.connect(address)
        except OverflowError:
            return OSError(0, f"there is no port {port}")
        except OSError as problem:
            error = problem
        else:
            return None
    return error
