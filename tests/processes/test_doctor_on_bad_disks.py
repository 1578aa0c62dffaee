"""`tlray doctor` on real file systems that are read-only or full, and with name servers and servers that hang.

Each test has a mount namespace of its own (`unshare`), so nothing of the machine changes.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tlray.io.doctor.report import LIMIT_S

DOCTOR = f"{sys.executable} -c 'from tlray.cli import main; main()' doctor --json"
UNSHARE = ["unshare", "--user", "--map-root-user", "--mount", "--net", "--pid", "--fork"]
START_S = 10.0
"""How long Python may take to start and to end, on a busy machine."""


def has_namespaces() -> bool:
    if shutil.which("unshare") is None:
        return False
    return subprocess.run([*UNSHARE, "true"], check=False, capture_output=True).returncode == 0


pytestmark = pytest.mark.skipif(not has_namespaces(), reason="this machine lets nobody make namespaces")


def checks(script: str, **more: str) -> list[dict[str, dict[str, Any]]]:
    """Run a shell script in a namespace; return what each run of the doctor in it has printed, by check."""
    hidden = ("TLRAY_", "RAY_", "AWS_", "TMPDIR")
    env = {key: value for key, value in os.environ.items() if not key.startswith(hidden)} | more
    done = subprocess.run(
        [*UNSHARE, "sh", "-ec", script.replace("DOCTOR", DOCTOR)],
        env=env,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    found = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert found, done.stderr
    return [{row["check"]: row for row in one["checks"]} for one in found]


def test_a_read_only_file_system_and_what_the_hint_says(tmp_path: Path) -> None:
    mount = f"mount -t tmpfs -o size=400m tmpfs {tmp_path}; mount -o remount,ro {tmp_path}"
    run = f"DOCTOR --home {tmp_path}/home || true"
    before, after = checks(f"{mount}; {run}; mount -o remount,rw {tmp_path}; {run}")
    assert before["home"]["status"] == "failed"
    assert f"the file system at {tmp_path} is read-only" in before["home"]["what"]
    assert f"`sudo mount -o remount,rw {tmp_path}`" in before["home"]["hint"]
    assert "chown" not in before["home"]["hint"]
    assert after["home"]["status"] == "ok"


def test_a_full_file_system_and_room_made_on_it(tmp_path: Path) -> None:
    made = f"mount -t tmpfs -o size=4m tmpfs {tmp_path}; mkdir -m 700 {tmp_path}/home"
    fill = f"{made}; dd if=/dev/zero of={tmp_path}/x bs=1M count=9 || true"
    run = f"DOCTOR --home {tmp_path}/home || true"
    before, after = checks(f"{fill}; {run}; rm {tmp_path}/x; {run}")
    assert before["home"]["status"] == before["disk"]["status"] == "failed"
    assert f"the file system at {tmp_path} is full" in before["home"]["what"]
    assert after["home"]["status"] == "ok"


def test_a_folder_for_temporary_files_that_is_full(tmp_path: Path) -> None:
    """Python takes another one without a word, and Ray takes it."""
    script = (
        f"mount -t tmpfs -o size=1m tmpfs {tmp_path}; dd if=/dev/zero of={tmp_path}/x bs=1M count=2 || true"
    )
    (found,) = checks(f"{script}; DOCTOR --home /tmp/nowhere || true", TMPDIR=str(tmp_path))
    assert found["disk"]["status"] == "failed"
    assert f"temporary files: there is no room for {tmp_path}" in found["disk"]["what"]
    assert "export TMPDIR=" in found["disk"]["hint"]


def test_no_folder_for_temporary_files_is_no_bug_of_ours(tmp_path: Path) -> None:
    away = (
        "for folder in /tmp /var/tmp /usr/tmp; do mount -t tmpfs -o ro tmpfs $folder || true; done; cd /proc"
    )
    (found,) = checks(f"{away}; DOCTOR --home /dev/shm/nowhere || true", PYTHONPATH=":".join(sys.path))
    assert found["disk"]["status"] == "failed"
    assert "a bug" not in found["disk"]["hint"]


def test_name_servers_that_do_not_answer_cost_what_the_document_says(tmp_path: Path) -> None:
    """A redirect leads to a name that hangs, too: its look-up outlives the check, and must not hold the process."""
    (tmp_path / "resolv.conf").write_text("nameserver 127.0.0.1\n")
    names = f"mount --bind {tmp_path}/resolv.conf /etc/resolv.conf"
    silent = f"{names}; {sys.executable} {tmp_path}/servers.py & sleep 1"
    (tmp_path / "servers.py").write_text(_SERVERS)
    given = {
        "TLRAY_REDIS": "redis://redis.example.com", "TLRAY_AMQP": "amqp://broker.example.com",
        "TLRAY_SMTP_URL": "smtp://mail.example.com", "TLRAY_SMTP_FROM": "ada@tlray.io", "RAY_ADDRESS": "ray.example.com:6379",
        "RAY_AUTH_TOKEN": "t",
    }  # fmt: skip
    begun = time.monotonic()
    (found,) = checks(
        f"{silent}; DOCTOR --home {tmp_path}/home --site http://127.0.0.1:8001 || true; kill $!", **given
    )
    assert time.monotonic() - begun < LIMIT_S + START_S
    for name in ("redis", "broker", "mail", "ray"):
        assert "no name server" in found[name]["what"], found[name]
        assert "/etc/resolv.conf" in found[name]["hint"]
    assert found["robots http://127.0.0.1:8001/"]["status"] == "failed"
    assert "a bug" not in json.dumps(found)


_SERVERS = """
import fcntl, socket, struct
from http.server import BaseHTTPRequestHandler, HTTPServer

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(302)
        self.send_header("Location", "http://hangs.example.com/robots.txt")
        self.end_headers()

UP = struct.pack("16sh", b"lo", 1)
fcntl.ioctl(socket.socket(), 0x8914, UP)  # SIOCSIFFLAGS: the namespace has its own loopback
names = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
names.bind(("127.0.0.1", 53))
HTTPServer(("127.0.0.1", 8001), Handler).serve_forever()
"""
