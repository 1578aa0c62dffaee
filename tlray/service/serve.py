"""``tlray serve``: find or start Ray and the coordinator, run the application on Ray Serve until a signal.

A signal stops it in order, each step within a time limit: no new requests, open requests answered, the coordinator of our own Ray
drained. While it starts and stops every call gets a 503 (`tlray.service.http.unavailable_server`,
`tlray.service.http.unavailable`).
"""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from types import FrameType

from tlray.cluster.driver.ray_watchdog import OnLost
from tlray.cluster.driver.session import Session, open_session, within
from tlray.errors import CannotFinish, UsageError
from tlray.io.broker.consumer import check
from tlray.io.disk.home import Home
from tlray.io.journal.opening import require_readable
from tlray.service.auth.listen_policy import EVERYWHERE, require_may_listen, require_no_other_service
from tlray.service.consuming import Source
from tlray.service.deployment import application
from tlray.service.http.unavailable_server import UnavailableServer
from tlray.service.queue_deployment import NAME as QUEUE_NAME
from tlray.service.queue_deployment import broker_of, queue_application
from tlray.settings import Settings

NAME = "tlray"
KEEP_ALIVE_S = 30
WAKE_S = 10.0
DELETE_S = 25.0
"""How long open requests may take at the end."""


class Server:
    """The process of one ``tlray serve``."""

    def __init__(self, settings: Settings, *, host: str, port: int, dashboard: bool = False) -> None:
        self._settings = settings
        self._host, self._port = host, port
        self._dashboard = dashboard
        self._stopping = threading.Event()

    @property
    def is_stopping(self) -> bool:
        """True after a signal."""
        return self._stopping.is_set()

    def run(self, *, on_ready: Callable[[str], None], on_lost: OnLost | None = None) -> None:
        """Serve until SIGINT or SIGTERM; UsageError if the port is taken or the home cannot be used.

        ``on_lost`` is called in a thread when Ray has died.
        """
        home = Home.of(self._settings.home, self._settings.storage)
        require_may_listen(self._host, self._settings)
        require_readable(home)
        _require_free_port(self._host, self._port)
        if self._settings.amqp is not None:
            source = Source(broker_of(self._settings))
            asyncio.run(check(source.address, source.queue, with_events=source.has_events))
        self._handle_signals()
        with UnavailableServer(self._host, self._port) as unavailable:
            session = open_session(home, self._settings, dashboard=self._dashboard, on_lost=on_lost)
            try:
                if not self.is_stopping:
                    require_no_other_service(NAME, self._host, self._port)
                    _wake_batches(session)
                    self._start(unavailable)
                unavailable.close()
                self._serve(session, on_ready)
            except KeyboardInterrupt:
                session.close(at_once=True)
                raise
            except BaseException:
                session.close()
                raise

    def _start(self, unavailable: UnavailableServer) -> None:
        """Deploy the application on Ray Serve, whose proxy answers from then on."""
        from ray import serve  # noqa: PLC0415
        from ray.serve.config import HTTPOptions, ProxyLocation  # noqa: PLC0415
        from ray.serve.schema import LoggingConfig  # noqa: PLC0415

        quiet = LoggingConfig(log_level="WARNING", enable_access_log=False)
        logging.getLogger("ray.serve").setLevel(logging.ERROR)
        where = HTTPOptions(host=self._host, port=self._port, keep_alive_timeout_s=KEEP_ALIVE_S)
        try:
            serve.start(proxy_location=ProxyLocation.HeadOnly, http_options=where, logging_config=quiet)
            unavailable.close()
            self._handle_signals()  # Ray's C++ has replaced our handlers
            if not self.is_stopping:
                app = application(self._settings)
                serve.run(app, name=NAME, route_prefix="/", logging_config=quiet)
                if self._settings.amqp is not None:
                    queue = queue_application(self._settings)
                    serve.run(queue, name=QUEUE_NAME, route_prefix=None, logging_config=quiet)
        except RuntimeError as error:
            raise CannotFinish(f"Ray Serve does not start: {str(error).splitlines()[0]}") from error

    def _serve(self, session: Session, on_ready: Callable[[str], None]) -> None:
        """Answer until a signal comes, then stop in order."""
        if not self.is_stopping:
            near = "127.0.0.1" if self._host in EVERYWHERE else _url_host(self._host)
            on_ready(f"http://{near}:{self._port}")
        while not self._stopping.wait(1.0):
            if not session.owns_ray:  # the `tlray scrape` that owns this Ray must not stop it
                session.coordinator.stay.remote(NAME)
        with UnavailableServer(self._host, self._port):
            within(DELETE_S, _delete)
            session.close()  # Ray Serve ends with our own Ray

    def _handle_signals(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._on_signal)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self._stopping.is_set():
            raise KeyboardInterrupt  # the second signal ends at once
        self._stopping.set()
        with suppress(OSError):
            sys.stderr.write("\nshutting down, finishing open requests (Ctrl-C again to stop at once)\n")


def _wake_batches(session: Session) -> None:
    """Let batches go on while Ray Serve starts, which takes its time; the first replica does it again."""
    import ray  # noqa: PLC0415

    with suppress(ray.exceptions.RayError):
        ray.get(session.coordinator.wake_batches.remote(), timeout=WAKE_S)


def _delete() -> None:
    """Remove the application from Ray Serve: no new requests, open ones are answered."""
    from ray import serve  # noqa: PLC0415

    for name in (QUEUE_NAME, NAME):  # the consumer may not be there
        with suppress(Exception):
            serve.delete(name)


def _require_free_port(host: str, port: int) -> None:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except OSError as error:
        raise UsageError(
            f"{_url_host(host)}:{port} is not free: {error.strerror or error}; choose another --port"
        ) from None


def _url_host(host: str) -> str:
    return f"[{host}]" if ":" in host else host
