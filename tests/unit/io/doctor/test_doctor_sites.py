"""What `tlray doctor` says of a contact and of robots.txt: of a real server on loopback."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tlray.core.politeness.domain import MAX_ROBOTS_HOPS
from tlray.core.politeness.robots import RobotsAnswer
from tlray.core.scheduling.changeset import Changeset, DomainChange
from tlray.io.disk.home import Home
from tlray.io.doctor import sites
from tlray.io.doctor.report import Grade, examine
from tlray.io.journal.opening import open_journal
from tlray.settings import Settings


@pytest.fixture(autouse=True)
def _no_journal_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TLRAY_JOURNAL", "TLRAY_CONTACT", "TLRAY_STORAGE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A server that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield int(listening.getsockname()[1])


def made_home(path: Path) -> Path:
    home = Home(path).create()
    open_journal(home).close()
    return path


def remember(path: Path, changeset: Changeset) -> None:
    with open_journal(Home(path)) as journal:
        journal.commit(changeset, now=0.0, wall=time.time(), node="")


class Site(ThreadingHTTPServer):
    """A site with a robots.txt."""

    daemon_threads = True
    robots: tuple[int, bytes] = (200, b"User-agent: *\nCrawl-delay: 7\nDisallow: /private/\n")
    ahead_s = 0.0
    n_asked = 0
    location = ""
    n_redirects: int | None = None
    """Redirects before the answer; None: all of them."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


@pytest.fixture
def site() -> Iterator[Site]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            served.n_asked += 1
            status, body = served.robots
            if served.n_redirects is not None:
                status = 302 if served.n_asked <= served.n_redirects else 200
            self.send_response_only(status)
            self.send_header("Date", self.date_time_string(time.time() + served.ahead_s))
            self.send_header("Content-Type", "text/plain")
            if 300 <= status < 400:
                self.send_header("Location", served.location or f"/robots.txt?{served.n_asked}")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None: ...

    with Site(("127.0.0.1", 0), Handler) as served:
        thread = threading.Thread(target=served.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield served
        served.shutdown()
        thread.join()


def test_a_site_that_allows_and_one_that_does_not(site: Site, tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    allowed = sites.robots(f"{site.url}/set/1", settings)
    assert (allowed.grade, "one page per 7 s" in allowed.what) == (Grade.OK, True)
    assert sites.robots(f"{site.url}/private/1", settings).grade is Grade.FAILED


@pytest.mark.parametrize(
    ("status", "grade"), [(404, Grade.OK), (503, Grade.FAILED), (429, Grade.FAILED), (302, Grade.FAILED)]
)
def test_a_robots_txt_that_is_missing_or_cannot_be_read(
    site: Site, tmp_path: Path, status: int, grade: Grade
) -> None:
    site.robots = status, b""
    assert sites.robots(f"{site.url}/set/1", Settings(home=tmp_path / "home")).grade is grade
    assert site.n_asked <= MAX_ROBOTS_HOPS + 1


@pytest.mark.parametrize(
    ("n_redirects", "grade"), [(MAX_ROBOTS_HOPS, Grade.OK), (MAX_ROBOTS_HOPS + 1, Grade.FAILED)]
)
def test_a_redirect_is_followed_as_often_as_a_batch_follows_it(
    site: Site, tmp_path: Path, n_redirects: int, grade: Grade
) -> None:
    site.n_redirects = n_redirects
    result = sites.robots(f"{site.url}/set/1", Settings(home=tmp_path / "home"))
    assert (result.grade, site.n_asked) == (grade, MAX_ROBOTS_HOPS + 1), result


def test_a_redirect_to_what_is_no_page_allows_nothing(site: Site, tmp_path: Path) -> None:
    site.robots, site.location = (302, b""), "ftp://127.0.0.1/robots.txt"
    assert sites.robots(f"{site.url}/set/1", Settings(home=tmp_path / "home")).grade is Grade.FAILED


def test_a_robots_txt_that_takes_too_long_is_no_bug_of_ours(
    silent_port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sites, "FETCH_S", 0.5)
    check = {
        "robots": lambda: sites.robots(f"http://127.0.0.1:{silent_port}/", Settings(home=tmp_path / "home"))
    }
    (result,) = examine(check).values()
    assert (result.grade, "a bug" in result.hint) == (Grade.FAILED, False), result


@pytest.mark.parametrize(
    ("contact", "grade", "words"),
    [
        ("ada@tlray.io", Grade.OK, "+ada@tlray.io"),
        ("https://tlray.io:8443/bot?x=1", Grade.OK, "tlray.io"),
        ("Ada <ada@tlray.io>", Grade.OK, "tlray.io"),
        ("you@example.org", Grade.WARNING, "an example"),  # as the documents have it
        ("https://www.example.com/", Grade.WARNING, "an example"),
        ("ada@localhost", Grade.WARNING, "is no host"),
        ("ada@", Grade.WARNING, "is no host"),
        ("://", Grade.WARNING, "is no host"),
    ],
)
def test_a_contact_that_reaches_nobody_is_a_warning(contact: str, grade: Grade, words: str) -> None:
    result = sites.contact(Settings(contact=contact))
    assert (result.grade, words in result.what) == (grade, True), result


def test_a_clock_that_differs_from_a_servers_is_a_warning(site: Site, tmp_path: Path) -> None:
    site.ahead_s = 3_600
    result = sites.robots(f"{site.url}/set/1", Settings(home=tmp_path / "home"))
    assert (result.grade, "differ by 3,6" in result.what or "differ by 3,5" in result.what) == (
        Grade.WARNING,
        True,
    )


def test_a_robots_txt_that_the_journal_has_is_not_fetched_again(site: Site, tmp_path: Path) -> None:
    path = made_home(tmp_path / "home")
    domain = site.url.removeprefix("http://")
    remember(path, Changeset("", robots=(RobotsAnswer(domain, "User-agent: *\nDisallow: /\n"),)))
    result = sites.robots(f"{site.url}/set/1", Settings(home=path))
    assert (result.grade, site.n_asked) == (Grade.FAILED, 0)
    remember(path, Changeset("", cool_downs=[DomainChange(domain, 900.0, "blocked: captcha")]))
    result = sites.robots(f"{site.url}/set/1", Settings(home=path))
    assert (result.grade, site.n_asked) == (Grade.WARNING, 0)
    assert "blocked: captcha" in result.what


def test_a_public_site_is_not_asked_without_a_contact(tmp_path: Path) -> None:
    result = sites.robots("https://sets.example.com/1", Settings(home=tmp_path))
    assert (result.grade, "TLRAY_CONTACT" in result.hint) == (Grade.FAILED, True)
