"""The doctor's checks of real servers: Redis, RabbitMQ and a mail server, each right and wrong. A storage's are in
test_object_storage.py, a database's in tests/unit/io/journal/test_postgres.py."""

from __future__ import annotations

import re
import shlex
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from broker import Broker
from redis_server import RedisServer

from tlray.io.doctor import servers
from tlray.io.doctor.report import Grade, Result, examine
from tlray.io.notify import smtp
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
    assert "correct user and password" in wrong.hint
    without = result_of("redis", redis=f"redis://127.0.0.1:{redis_there.port}/0")
    assert "write the password into TLRAY_REDIS" in without.hint
    other = result_of("redis", redis=f"{redis_there.url[:-1]}99")
    assert "no such database" in other.what
    url = f"redis://poor:{SECRET}@127.0.0.1:{redis_there.port}/0"
    poor = result_of("redis", redis=url)
    assert "lacks a right" in poor.what
    with redis_there.admin() as client:
        client.execute_command(poor.hint.removeprefix("at Redis: "))
    assert result_of("redis", redis=url).grade is Grade.OK, "what the hint says, word for word"


def test_a_redis_that_is_full_takes_writes_after_what_the_hint_says(redis_there: RedisServer) -> None:
    with redis_there.admin() as client:
        client.config_set("maxmemory", 1)
        full = result_of("redis", redis=redis_there.url)
        assert (full.grade, "it is full" in full.what) == (Grade.FAILED, True)
        client.execute_command(full.hint.split("`")[1])
    assert result_of("redis", redis=redis_there.url).grade is Grade.OK


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
    assert "change_password guest" in wrong.hint
    tls = result_of("broker", amqp=broker.url.replace("amqp:", "amqps:"))
    assert (tls.grade, "5672" in tls.hint, "permitted" in tls.what) == (Grade.FAILED, True, False), tls


def test_what_the_hint_says_lets_a_user_use_the_broker(broker: Broker) -> None:
    broker.ctl("add_user", "ada", SECRET)
    other = f"amqp://ada:PASS@127.0.0.1:{broker.port}/"
    do_as_told(broker, result_of("broker", amqp=other))
    assert "virtual host" in result_of("broker", amqp=other).what, "the password is right now"
    broker.ctl("change_password", "ada", SECRET)
    url = f"amqp://ada:{SECRET}@127.0.0.1:{broker.port}/"
    for where in (url, f"{url}sets"):  # a virtual host that she may not use, and one that is not there
        refused = result_of("broker", amqp=where)
        assert (refused.grade, "virtual host" in refused.what) == (Grade.FAILED, True), refused
        do_as_told(broker, refused)
        assert result_of("broker", amqp=where).grade is Grade.OK
    broker.ctl("set_permissions", "-p", "/", "ada", "^other", "^other", "^other")
    poor = result_of("broker", amqp=url)
    assert (poor.grade, "may not use queues" in poor.what) == (Grade.FAILED, True), poor
    do_as_told(broker, poor)
    assert result_of("broker", amqp=url).grade is Grade.OK


def do_as_told(broker: Broker, result: Result) -> None:
    """Run the commands of a hint, word for word; one that makes what is there already changes nothing."""
    for command in re.findall(r"`rabbitmqctl ([^`]*)`", result.hint):
        with suppress(subprocess.CalledProcessError):
            broker.ctl(*shlex.split(command))


def test_the_trial_leaves_no_queue(broker: Broker) -> None:
    assert result_of("broker", amqp=broker.url).grade is Grade.OK
    assert "doctor" not in broker.ctl("list_queues", "name")


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
    """One with STARTTLS, one without TLS, one with TLS from the start."""
    key, made = tmp_path / "key.pem", tmp_path / "cert.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=localhost", "-keyout", str(key), "-out", str(made)], check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(made, key)
    there = {
        "tls": Mail(free_port(), tls_context=context),
        "plain": Mail(free_port()),
        "from the start": Mail(free_port(), ssl_context=context),
    }
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


def mail_of(server: Mail, password: str = SECRET, *, scheme: str = "smtp", host: str = "127.0.0.1") -> Result:
    return result_of(
        "mail", smtp_url=f"{scheme}://me:{password}@{host}:{server.port}", smtp_from="me@example.org"
    )


def test_a_mail_server_that_takes_us_and_one_that_does_not(mail_servers: dict[str, Mail]) -> None:
    plain = mail_of(mail_servers["plain"])
    assert (plain.grade, "without TLS" in plain.what) == (Grade.OK, True)
    assert "wrong user or password (535)" in mail_of(mail_servers["plain"], password="other").what  # noqa: S106


def test_a_certificate_that_nobody_vouches_for_is_said(mail_servers: dict[str, Mail]) -> None:
    result = mail_of(mail_servers["tls"])
    assert (result.grade, "its certificate is not trusted: " in result.what) == (Grade.FAILED, True), result
    assert "update-ca-certificates" in result.hint


def test_tls_at_a_port_without_it_and_none_at_one_with_it(
    mail_servers: dict[str, Mail], monkeypatch: pytest.MonkeyPatch
) -> None:
    result = mail_of(mail_servers["plain"], scheme="smtps")
    assert ("speaks no TLS" in result.what, "write smtp://" in result.hint) == (True, True), result
    monkeypatch.setattr(smtp, "CHECK_S", 2.0)
    result = mail_of(mail_servers["from the start"])
    assert ("no answer within" in result.what, "wants smtps://" in result.hint) == (True, True), result


def test_a_mail_server_without_logins() -> None:
    server = Controller(object(), hostname="127.0.0.1", port=free_port())
    server.start()
    try:
        result = result_of(
            "mail", smtp_url=f"smtp://me:{SECRET}@127.0.0.1:{server.port}", smtp_from="me@example.org"
        )
        assert ("it takes no login" in result.what, "leave user and password out" in result.hint) == (
            True,
            True,
        ), result
        plain = result_of("mail", smtp_url=f"smtp://127.0.0.1:{server.port}", smtp_from="me@example.org")
        assert plain.grade is Grade.OK
    finally:
        server.stop()
