"""How does ``tlray serve`` run? Ray found or started, the coordinator beside it, the application on Ray Serve; until a signal.

At a signal it ends in order: no new request, those under way answered, the coordinator drained where the Ray is ours.
"""

from __future__ import annotations

import logging
import signal
import socket
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from types import FrameType

from tlray.cluster.runtime import open_session
from tlray.errors import CannotFinish, UsageError
from tlray.io.home import Home
from tlray.service.deployment import application
from tlray.service.exposed import EVERYWHERE, see_that_it_is_alone, see_that_it_may_listen
from tlray.settings import Settings

NAME = "tlray"
KEEP_ALIVE_S = 30


class Listener:
    """One ``tlray serve``."""

    def __init__(self, settings: Settings, *, host: str, port: int, dashboard: bool = False) -> None:
        self._settings = settings
        self._host, self._port = host, port
        self._dashboard = dashboard
        self._stopping = threading.Event()

    def run(self, *, on_ready: Callable[[str], None]) -> None:
        """Serve until SIGINT or SIGTERM; UsageError where the port is taken."""
        see_that_it_may_listen(self._host, self._settings)
        _see_that_it_is_free(self._host, self._port)
        self._heed_signals()
        session = open_session(Home(self._settings.home), self._settings, dashboard=self._dashboard)
        try:
            see_that_it_is_alone(NAME, self._host, self._port)
            from ray import serve  # noqa: PLC0415
            from ray.serve.config import HTTPOptions, ProxyLocation  # noqa: PLC0415
            from ray.serve.schema import LoggingConfig  # noqa: PLC0415

            quiet = LoggingConfig(log_level="WARNING", enable_access_log=False)
            logging.getLogger("ray.serve").setLevel(logging.ERROR)
            try:
                serve.start(
                    proxy_location=ProxyLocation.HeadOnly,
                    http_options=HTTPOptions(
                        host=self._host, port=self._port, keep_alive_timeout_s=KEEP_ALIVE_S
                    ),
                    logging_config=quiet,
                )
                serve.run(
                    application(self._settings),
                    name=NAME,
                    route_prefix="/",
                    logging_config=quiet,
                )
            except RuntimeError as error:
                raise CannotFinish(f"Ray Serve does not start: {str(error).splitlines()[0]}") from error
            self._heed_signals()  # Ray has put its own handler in the place of ours
            if not self._stopping.is_set():
                near = "127.0.0.1" if self._host in EVERYWHERE else _spelt(self._host)
                on_ready(f"http://{near}:{self._port}")
            while not self._stopping.wait(1.0):
                if not session.owns_ray:  # a `tlray scrape` whose Ray we have joined stays until we are done
                    session.coordinator.stay.remote(NAME)
            with suppress(Exception):
                serve.delete(NAME)  # those under way are answered
        finally:
            session.close()  # where the Ray is ours, the rest of Serve ends with it

    def _heed_signals(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._on_signal)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self._stopping.is_set():
            raise KeyboardInterrupt  # the second one is meant
        self._stopping.set()
        sys.stderr.write("\nstopping: what is being answered is answered (Ctrl-C again to leave at once)\n")


def _see_that_it_is_free(host: str, port: int) -> None:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except OSError as error:
        raise UsageError(
            f"{_spelt(host)}:{port} cannot be listened at: {error.strerror or error}; choose another --port"
        ) from None


def _spelt(host: str) -> str:
    return f"[{host}]" if ":" in host else host
