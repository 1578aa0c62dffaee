"""Those who are told: a web server that takes webhooks as it is asked to, and a mail server. Both real, on loopback."""

from __future__ import annotations

import email
import email.policy
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeVar

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

T = TypeVar("T")


@dataclass(frozen=True)
class Posted:
    """One request that came."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def said(self) -> dict[str, Any]:
        return dict(json.loads(self.body))

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]


@dataclass
class Receiver:
    """A web server that keeps what it is sent, and answers 204, or what ``answers`` has for a path, one after the other."""

    url: str
    posted: list[Posted] = field(default_factory=list)
    answers: dict[str, list[tuple[int, dict[str, str]]]] = field(default_factory=dict)
    hangs: threading.Event = field(default_factory=threading.Event)
    """Until it is set, a path that begins with ``/hangs`` is not answered; ``/hangs-once``: but for the first time."""

    def at(self, path: str) -> list[Posted]:
        return [posted for posted in self.posted if posted.path == path]

    def wait_for(self, path: str, n: int = 1, *, timeout_s: float = 60.0) -> list[Posted]:
        return wait_for(lambda: self.at(path), n, timeout_s=timeout_s)


@contextmanager
def open_receiver() -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            receiver.posted.append(Posted(self.path, headers, body))
            if self.path.startswith("/hangs") and (
                self.path != "/hangs-once" or len(receiver.at(self.path)) == 1
            ):
                receiver.hangs.wait(60)
            planned = receiver.answers.get(self.path)
            status, more = planned.pop(0) if planned else (204, {})
            self.send_response(status)
            for name, value in {"Content-Length": "0", **more}.items():
                self.send_header(name, value)
            self.end_headers()

        def do_GET(self) -> None:
            receiver.posted.append(Posted(self.path, {"webhook-id": "a GET"}, b""))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver = Receiver(f"http://127.0.0.1:{server.server_port}")
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    yield receiver
    receiver.hangs.set()
    server.shutdown()
    server.server_close()


@dataclass
class Mailbox:
    """A mail server that keeps what it is handed, and refuses whoever is named ``nobody``."""

    port: int
    mails: list[EmailMessage] = field(default_factory=list)

    def wait_for(self, to: str, n: int = 1, *, timeout_s: float = 60.0) -> list[EmailMessage]:
        return wait_for(lambda: [mail for mail in self.mails if mail["To"] == to], n, timeout_s=timeout_s)


@contextmanager
def open_mailbox() -> Iterator[Mailbox]:
    class Handler:
        async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
            self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
        ) -> str:
            if address.startswith("nobody@"):
                return "550 no such user"
            envelope.rcpt_tos.append(address)
            return "250 OK"

        async def handle_DATA(  # noqa: N802
            self, server: SMTP, session: Session, envelope: Envelope
        ) -> str:
            assert isinstance(envelope.content, bytes)
            found = email.message_from_bytes(envelope.content, policy=email.policy.default)
            mailbox.mails.append(found)
            return "250 OK"

    with socket.socket() as probe:  # a controller cannot choose a port by itself
        probe.bind(("127.0.0.1", 0))
        mailbox = Mailbox(probe.getsockname()[1])
    controller = Controller(Handler(), hostname="127.0.0.1", port=mailbox.port)
    controller.start()
    yield mailbox
    controller.stop()


def wait_for(found: Callable[[], list[T]], n: int, *, timeout_s: float) -> list[T]:
    """Wait until there are ``n`` of something."""
    deadline = time.monotonic() + timeout_s
    while len(there := found()) < n:
        assert time.monotonic() < deadline, f"{len(there)} of {n} within {timeout_s} s"
        time.sleep(0.05)
    return there
