"""What `tlray doctor` says of ports: of real sockets of this process, which is taken for one of Ray's or ours."""

from __future__ import annotations

import os
import socket

import psutil
import pytest

from tlray.io.doctor import ports
from tlray.io.doctor.ports import Kind
from tlray.io.doctor.report import Grade


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (Kind.SERVICE, "the service answers tokens only"),
        (Kind.RAY, "close Ray's ports in the firewall"),
    ],
)
def test_what_other_machines_can_reach_is_a_warning_for_its_kind(
    monkeypatch: pytest.MonkeyPatch, kind: Kind, words: str
) -> None:
    own = os.getpid()
    monkeypatch.setattr(ports, "_program", lambda pid: ("it", kind) if pid == own else ("x", Kind.OTHER))
    with socket.create_server(("127.0.0.1", 0)):
        assert "on loopback only" in ports.ports().what
        with socket.create_server(("0.0.0.0", 0)) as open_one:  # noqa: S104 - that is the point
            result = ports.ports()
            assert f"it 0.0.0.0:{open_one.getsockname()[1]}" in result.what
    assert (result.grade, result.hint.startswith(words)) == (Grade.WARNING, True), result


def test_a_replica_is_named_and_no_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ray Serve opens a port of each at every address, and it wants Ray's token."""
    own = os.getpid()
    monkeypatch.setattr(ports, "_program", lambda pid: ("it", Kind.REPLICA if pid == own else Kind.OTHER))
    with socket.create_server(("0.0.0.0", 0)) as open_one:  # noqa: S104
        result = ports.ports()
        assert f"it 0.0.0.0:{open_one.getsockname()[1]}, which wants Ray's token" in result.what
    assert result.grade is not Grade.FAILED


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        (["ray::ProxyActor"], Kind.SERVICE),
        (["python", "/venv/bin/tlray serve"], Kind.SERVICE),
        (["ray::ServeReplica:tlray:tlray"], Kind.REPLICA),
        (["/site-packages/ray/core/src/ray/gcs/gcs_server", "--x"], Kind.RAY),
        (["ray::DashboardAgent"], Kind.RAY),
        (["/usr/sbin/nginx"], Kind.OTHER),
    ],
)
def test_a_program_is_known_by_its_command_line(
    monkeypatch: pytest.MonkeyPatch, words: list[str], kind: Kind
) -> None:
    monkeypatch.setattr(psutil.Process, "cmdline", lambda self: words)
    assert ports._program(os.getpid())[1] is kind


def test_a_user_who_may_not_look_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(kind: str) -> object:
        raise psutil.AccessDenied

    monkeypatch.setattr(psutil, "net_connections", refuse)
    assert "may not see" in ports.ports().what


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),  # how gRPC listens on loopback
        ("0.0.0.0", False),  # noqa: S104 - nothing is bound
        ("::", False),
        ("::ffff:10.0.0.7", False),
        ("192.0.2.2", False),
    ],
)
def test_loopback_has_several_spellings(host: str, local: bool) -> None:
    assert ports.is_local(host) is local
