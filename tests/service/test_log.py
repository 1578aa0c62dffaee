"""The log of a real coordinator, in the files of its Ray: one line an event, with the batch's id; what sites and callers send
drives no terminal, and no secret is in it."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
from conftest import Service, Site, wait_until

pytestmark = pytest.mark.ray
STAMP = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"


def texts_of(service: Service, name: str) -> list[str]:
    files = (service.ray_folder() / "logs").glob(name)
    return [file.read_text(encoding="utf-8", errors="replace") for file in files]


def lines_of(service: Service, batch: str) -> list[str]:
    texts = texts_of(service, "worker-*.err")
    return [line for text in texts for line in text.splitlines() if f"batch={batch}" in line]


def test_a_batch_is_in_the_log_from_its_beginning_to_its_end(service: Service, site: Site) -> None:
    batch = service.submit(site.urls()[:2], options={"fresh_for": "0"})
    service.wait_for(batch)
    wait_until(lambda: any("batch ended" in line for line in lines_of(service, batch)), what="the last line")
    lines = lines_of(service, batch)
    assert re.fullmatch(rf"{STAMP} info batch opened batch={batch} state=running items=2 open=2", lines[0])
    assert re.fullmatch(
        rf"{STAMP} info batch ended batch={batch} state=completed succeeded=2 dead=0 elapsed_s=[\d.]+",
        lines[-1],
    )
    assert all(line.isprintable() for line in lines)


def test_a_coordinator_begins_with_an_event_and_nothing_of_anybody_else(service: Service) -> None:
    (text, *_) = [text for text in texts_of(service, "worker-*.err") if "coordinator started" in text]
    first = next(line for line in text.splitlines() if not line.startswith(":"))
    assert re.match(rf"{STAMP} info coordinator started home=", first), first


DRIVES = "\x1b[2J\x1b]0;pwned\x07\u202e"
SECRET = "s3cr3t-0f-a-caller"  # noqa: S105 - none
HOSTILE = (
    f"HTTP/1.1 302 F{DRIVES}\r\nLocation: http://127.0.0.1:1/{DRIVES}?token={SECRET}\r\nContent-Length: 0\r\n\r\n",
    f"HTTP/1.1 500 {DRIVES} level=error\r\nContent-Length: 0\r\n\r\n",
    f"garbage {DRIVES}\r\n\r\n",
    f"HTTP/1.1 200 OK\r\nContent-Type: text/{DRIVES}\r\nContent-Length: 2\r\n\r\nab",
    f"HTTP/1.1 429 {DRIVES}\r\nRetry-After: 1{DRIVES}\r\nContent-Length: 0\r\n\r\n",
)


@contextmanager
def hostile_site() -> Iterator[str]:
    """A site whose every answer holds what drives a terminal; it has no robots.txt."""

    def answer(listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                asked = connection.recv(65_536)
                number = re.search(rb"/p(\d+)", asked)
                said = HOSTILE[int(number[1])] if number else "HTTP/1.1 404 N\r\nContent-Length: 0\r\n\r\n"
                connection.sendall(said.encode())

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=answer, args=(listener,), daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)


def test_what_sites_and_callers_send_drives_no_terminal_and_no_secret_is_logged(
    service: Service, http: httpx.Client
) -> None:
    with hostile_site() as base:
        urls = [f"{base}/p{number}?password={SECRET}&x=%1b%5b2J%0aforged" for number in range(len(HOSTILE))]
        batch = service.submit(
            urls, webhook=f"http://127.0.0.1:1/?token={SECRET}", options={"max_attempts": 1}
        )
        for path in ("/api/v1/batch/%1b%5b2J%0alevel=error", "/%1b%0a", "/api/v1/catalogue/%e2%80%ae/%1b"):
            assert http.get(path, headers={"Authorization": f"Bearer {SECRET}"}).status_code >= 400
        wait_until(
            lambda: (
                service.status(batch)["counts"]["dead"] >= 3 or service.status(batch)["state"] == "completed"
            ),
            what="answers",
        )
        http.post(f"/api/v1/batch/{batch}/cancel")
    wait_until(lambda: any("batch ended" in line for line in lines_of(service, batch)), what="the last line")
    texts = texts_of(service, "**/*.err") + texts_of(service, "**/*.log") + texts_of(service, "**/*.out")
    assert len(texts) > 10
    for text in texts:
        assert SECRET not in text
        assert not [line for line in text.splitlines() if "\x1b[2J" in line or "\u202e" in line]
