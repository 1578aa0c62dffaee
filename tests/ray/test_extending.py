"""A site and a format of an installed package (docs/extending.md), in Ray's workers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from conftest import Tlray
from extending import SHOW, install

pytestmark = pytest.mark.ray


class Show(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if "/show/" in self.path else 404)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(SHOW if "/show/" in self.path else b"")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def site() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Show) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_batch_is_parsed_and_exported_by_an_installed_package(
    joined: Tlray, site: str, tmp_path: Path
) -> None:
    path = f"{install(tmp_path)}:{joined.more_env['PYTHONPATH']}"
    job = json.dumps(
        {"runtime_env": {"env_vars": {"PYTHONPATH": path}}}
    )  # as `ray job submit --runtime-env-json` does
    out = tmp_path / "tracks.txt"
    done = joined.run(
        "scrape", f"{site}/show/1", f"{site}/show/2", "--json", "--export", f"lines:{out}",
        PYTHONPATH=path, RAY_JOB_CONFIG_JSON_ENV_VAR=job,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["tracks"] == 4
    assert out.read_text() == "Oto - Tide\nMira - Ebb\n" * 2
