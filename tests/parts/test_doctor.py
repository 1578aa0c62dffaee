"""The doctor's checks of real servers: Redis, RabbitMQ and a mail server, each right and wrong. A storage's are in
test_object_storage.py, a database's in tests/unit/io/journal/test_postgres.py."""

from __future__ import annotations

import socket
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from broker import Broker
from redis_server import RedisServer

from tlray.io.doctor import servers
from tlray.io.doctor.report import Grade, Result, examine
from tlray.settings import Settings, read_settings

pytestmark = pytest.mark.parts
SECRET = "w0rd-of-mouth"  # noqa: S105 - that is what must not show


def result_of(what: str, **given: Any) -> Result:
    settings: Settings = read_settings(**given)
    (result,) = examine({what: lambda: getattr(servers, what)(settings)}).values()
    assert SECRET not in repr(result)
    return result


def test_a_redis_that_works_and_one_that_refuses(redis_there: RedisServer) -> None:
    assert result_of("redis", redis=redis_there.url).grade is Grade.OK
    wrong = result_of("redis", redis=f"redis://tlray:{SECRET}@127.0.0.1:{redis_there.port}/0")
    assert (wrong.grade, "wrong user or password" in wrong.what) == (Grade.FAILED, True)
    with redis_there.admin() as client:
        client.acl_setuser(
            "poor", enabled=True, passwords=[f"+{SECRET}"], categories=["-@all"], commands=["+hello"]
        )
    poor = result_of("redis", redis=f"redis://poor:{SECRET}@127.0.0.1:{redis_there.port}/0")
    assert "lacks a right" in poor.what


def test_a_redis_that_is_halted_is_not_waited_for(redis_there: RedisServer) -> None:
    redis_there.stop_answering()
    try:
        assert "no answer" in result_of("redis", redis=redis_there.url).what
    finally:
        redis_there.start()


def test_a_broker_that_works_and_one_that_refuses(broker: Broker) -> None:
    right = result_of("broker", amqp=broker.url)
    assert (right.grade, "RabbitMQ 3." in right.what or "RabbitMQ 4." in right.what) == (Grade.OK, True)
    wrong = result_of("broker", amqp=f"amqp://guest:{SECRET}@127.0.0.1:{broker.port}/")
    assert (wrong.grade, "wrong password" in wrong.what) == (Grade.FAILED, True)
    assert "virtual host" in result_of("broker", amqp=f"{broker.url}nowhere").what


# -- mail ------------------------------------------------------------------------------------------------


class Mail(Controller):
    """A mail server with TLS that takes one user; it counts what comes after the greeting."""

    def __init__(self, port: int, **more: Any) -> None:
        self.n_mails = 0
        super().__init__(
            self, hostname="127.0.0.1", port=port, auth_require_tls=False, authenticator=self._allow, **more
        )

    def _allow(
        self, server: object, session: object, envelope: object, mechanism: str, data: Any
    ) -> AuthResult:
        return AuthResult(success=data.password == SECRET.encode(), handled=False)

    async def handle_MAIL(self, *_: object) -> str:  # noqa: N802 - aiosmtpd's name
        self.n_mails += 1
        return "250 OK"


@pytest.fixture
def mail_servers(tmp_path: Path) -> Iterator[dict[str, Mail]]:
    """One with STARTTLS, one without TLS."""
    key, made = tmp_path / "key.pem", tmp_path / "cert.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=localhost", "-keyout", str(key), "-out", str(made)], check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(made, key)
    there = {"tls": Mail(free_port(), tls_context=context), "plain": Mail(free_port())}
    for one in there.values():
        one.start()
    yield there
    for one in there.values():
        one.stop()
        assert one.n_mails == 0, "no mail is sent"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def mail_of(server: Mail, password: str = SECRET) -> Result:
    return result_of(
        "mail", smtp_url=f"smtp://me:{password}@127.0.0.1:{server.port}", smtp_from="me@example.org"
    )


def test_a_mail_server_that_takes_us_and_one_that_does_not(mail_servers: dict[str, Mail]) -> None:
    plain = mail_of(mail_servers["plain"])
    assert (plain.grade, "without TLS" in plain.what) == (Grade.OK, True)
    assert "wrong user or password (535)" in mail_of(mail_servers["plain"], password="other").what  # noqa: S106


def test_a_certificate_that_nobody_vouches_for_is_said(mail_servers: dict[str, Mail]) -> None:
    result = mail_of(mail_servers["tls"])
    assert (result.grade, "certificate" in result.what.lower()) == (Grade.FAILED, True), result
