"""How `tlray doctor` tells a name that nobody knows from a server that is off, full or elsewhere. Name servers that hang:
tests/processes/test_doctor_on_bad_disks.py."""

from __future__ import annotations

import socket
from contextlib import ExitStack
from typing import Any

import pytest

from tlray.io.doctor import reach
from tlray.io.doctor.report import Grade, Result


def reached(host: str, port: int) -> Result | None:
    return reach.unreachable("it", host, port, setting="TLRAY_X", program="a server")


@pytest.fixture
def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_what_listens_is_reached_by_name_and_address() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert reached("127.0.0.1", port) is None
        assert reached("localhost", port) is None  # ::1 refuses first on many machines


def test_a_port_where_nothing_listens(free_port: int) -> None:
    result = reached("127.0.0.1", free_port)
    assert result is not None
    assert (result.grade, result.what) == (Grade.FAILED, "it: nothing listens there (connection refused)")
    assert result.hint == "start a server there, or correct host and port in TLRAY_X"


def test_a_server_whose_queue_is_full_drops_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a firewall does."""
    monkeypatch.setattr(reach, "CONNECT_S", 0.5)
    with ExitStack() as opened, socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        for _ in range(4):
            waiting = opened.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(server.getsockname())
        result = reached(*server.getsockname())
    assert result is not None
    assert ("no connection within 0.5 s" in result.what, "firewall" in result.hint) == (True, True), result


@pytest.mark.parametrize("host", ["no.such.host.invalid", "x" * 64 + ".org", "a..b"])
def test_a_name_that_nobody_has(host: str) -> None:
    result = reached(host, 80)
    assert result is not None
    assert (result.grade, "nothing listens" in result.what) == (Grade.FAILED, False), result


@pytest.mark.parametrize(
    ("number", "words"),
    [(socket.EAI_AGAIN, "/etc/resolv.conf"), (socket.EAI_NONAME, "getent hosts far.away")],
)
def test_no_name_server_is_another_fault_than_no_name(
    monkeypatch: pytest.MonkeyPatch, number: int, words: str
) -> None:
    def fail(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(number, "words of the system")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    result = reached("far.away", 80)
    assert result is not None
    assert words in result.hint


def test_a_network_without_a_route(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_route(self: socket.socket, address: object) -> None:
        raise OSError(113, "No route to host")

    monkeypatch.setattr(socket.socket, "connect", no_route)
    result = reached("127.0.0.1", 80)
    assert result is not None
    assert "No route to host" in result.what
