"""The checks of a machine and a home: well and broken, without a server. Those of servers: tests/parts/test_doctor.py."""

from __future__ import annotations

import ctypes
import json
import os
import re
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tlray import cli
from tlray.core.politeness.domain import MAX_ROBOTS_HOPS
from tlray.core.politeness.robots import RobotsAnswer
from tlray.core.scheduling.changeset import Changeset, DomainChange
from tlray.errors import UsageError
from tlray.io.disk.home import Holder, Home
from tlray.io.doctor import (
    clock,
    disk,
    home_state,
    journal_state,
    machine,
    servers,
    service_setup,
    sites,
)
from tlray.io.doctor.checks import checks_of
from tlray.io.doctor.report import LIMIT_S, Grade, Result, examine, failed, ok
from tlray.io.journal.opening import open_journal
from tlray.settings import Settings, read_settings

ROOT = Path(__file__).parents[4]
SECRET = "s3cr3t-word"  # noqa: S105 - that is what must not show


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith(("TLRAY_", "RAY_", "AWS_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A server that takes connections and says nothing."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield int(listening.getsockname()[1])


@pytest.fixture
def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def made_home(path: Path) -> Path:
    home = Home(path).create()
    open_journal(home).close()
    return path


def remember(path: Path, changeset: Changeset) -> None:
    with open_journal(Home(path)) as journal:
        journal.commit(changeset, now=0.0, wall=time.time(), node="")


# -- how checks are run ----------------------------------------------------------------------------------


def test_checks_run_at_once_and_one_that_hangs_costs_the_others_nothing() -> None:
    ended = threading.Event()
    together = threading.Barrier(2, timeout=30)

    def meets() -> Result:
        together.wait()
        return ok("met")

    def hangs() -> Result:
        ended.wait(60)
        return ok("late")

    results = examine({"a": meets, "hung": hangs, "b": meets}, limit_s=2.0)
    ended.set()
    assert list(results) == ["a", "hung", "b"]
    assert results["a"] == results["b"] == ok("met")
    assert (results["hung"].grade, results["hung"].what) == (Grade.FAILED, "not done within 2 s")


def test_an_error_that_nobody_foresaw_is_named_without_its_text() -> None:
    def fails() -> Result:
        raise RuntimeError(f"no way to amqp://user:{SECRET}@host")

    (result,) = examine({"x": fails}).values()
    assert result.grade is Grade.FAILED
    assert "RuntimeError" in result.what
    assert SECRET not in repr(result)


def test_an_error_of_ours_says_how_to_correct_it() -> None:
    def fails() -> Result:
        raise UsageError("it is wrong; write it right")

    assert examine({"x": fails}) == {"x": failed("it is wrong", "write it right")}


def test_hostile_text_stays_on_one_line_and_drives_no_terminal() -> None:
    (result,) = examine({"x": lambda: failed("a\x1b[2Jb\nc\u202ed" + "x" * 9_000, "\x9b1m\r\nhint")}).values()
    for text in (result.what, result.hint):
        assert text.isprintable()
        assert len(text) <= 500


# -- the machine -----------------------------------------------------------------------------------------


def test_this_machine_has_what_tlray_needs() -> None:
    for check in (machine.python, machine.packages, clock.time_zones):
        assert check().grade is Grade.OK, check()
    found = clock.clock()  # what it says of its time service is this machine's affair
    assert found.what.startswith("it is 20")
    assert found.grade is (Grade.WARNING if clock.is_synchronised() is False else Grade.OK)
    assert "tlray" in machine.python().what
    assert "free" in machine.memory().what


def test_a_package_of_a_wrong_version_or_a_missing_one_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    needs = ["ray>=2.54", "surely-not-there>=1", "pandas>=99", 'nowhere>=1; extra == "test"']
    monkeypatch.setattr(machine.metadata, "requires", lambda name: needs)
    result = machine.packages()
    assert result.grade is Grade.FAILED
    assert "surely-not-there is missing" in result.what
    assert "pandas is " in result.what
    assert "ray" not in result.what.replace("tlray", "")
    assert "nowhere" not in result.what


def test_a_limit_on_open_files_that_is_too_low_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine.resource, "getrlimit", lambda what: (256, 512))
    result = machine.open_files()
    assert (result.grade, "`ulimit" in result.hint, "limits.conf" in result.hint) == (
        Grade.WARNING,
        False,
        True,
    )
    monkeypatch.setattr(machine.resource, "getrlimit", lambda what: (256, 2_048))
    assert "`ulimit -n 2048`" in machine.open_files().hint  # as far as it may be raised
    monkeypatch.setattr(machine.resource, "getrlimit", lambda what: (machine.resource.RLIM_INFINITY,) * 2)
    assert machine.open_files() == ok("open files: no limit, can be raised to no limit")


@pytest.mark.parametrize(
    ("free", "inodes", "grade"),
    [
        (100e9, 1_000_000, Grade.OK),
        (1e9, 1_000_000, Grade.WARNING),
        (4e9, 1_000_000, Grade.WARNING),  # less than 5 % of 100 GB
        (100e6, 1_000_000, Grade.FAILED),
        (100e9, 17, Grade.WARNING),
    ],
)
def test_a_disk_without_room_or_inodes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: float, inodes: int, grade: Grade
) -> None:
    usage = type("Usage", (), {"free": int(free), "total": int(100e9)})
    stat = type("Stat", (), {"f_files": 2_000_000, "f_favail": inodes})
    monkeypatch.setattr(disk.shutil, "disk_usage", lambda place: usage)
    monkeypatch.setattr(disk.os, "statvfs", lambda place: stat)
    result = disk.disks([tmp_path / "not" / "there"])
    assert result.grade is grade
    assert str(tmp_path) in result.what or "free at" in result.what


def test_memory_that_is_short_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "memory_free", lambda: 0.02)
    assert machine.memory().grade is Grade.WARNING


def test_a_clock_that_is_years_behind_or_was_set_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    real, ahead = time.time, iter((0.0, 0.0, 5.0, 5.0, 5.0))
    monkeypatch.setattr(clock.time, "time", lambda: real() + next(ahead, 5.0))
    assert "was set by +5.0 s" in clock.clock().what
    monkeypatch.setattr(clock.time, "time", lambda: 86_400.0)
    assert clock.clock().grade is Grade.FAILED


def test_without_time_zone_data_schedules_cannot_work(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(key: str) -> object:
        raise clock.zoneinfo.ZoneInfoNotFoundError(key)

    monkeypatch.setattr(clock.zoneinfo, "ZoneInfo", missing)
    assert clock.time_zones().hint.endswith("tzdata")


def test_a_time_zone_that_is_none_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Europe/Berlln")
    assert (clock.time_zones().grade, "TZ=Europe/Berlln" in clock.time_zones().what) == (Grade.WARNING, True)
    monkeypatch.setenv("TZ", "Europe/Berlin")
    assert clock.time_zones().grade is Grade.OK


def test_a_clock_that_nothing_keeps_right_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "is_synchronised", lambda: False)
    assert (clock.clock().grade, "timedatectl" in clock.clock().hint) == (Grade.WARNING, True)
    monkeypatch.setattr(clock, "is_synchronised", lambda: True)
    assert "a time service keeps" in clock.clock().what
    monkeypatch.setattr(clock, "is_synchronised", lambda: None)  # where the kernel does not say
    assert "runs steadily" in clock.clock().what


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="adjtimex is Linux's")
def test_the_kernel_says_whether_the_clock_is_synchronised() -> None:
    """In the words of adjtimex(2): TIME_ERROR, or a mark in the status."""
    timex = (ctypes.c_char * 512)()
    state = ctypes.CDLL(None).adjtimex(timex)
    assert clock.is_synchronised() is (None if state < 0 else state != 5)


# -- the home --------------------------------------------------------------------------------------------


def test_a_home_that_is_not_there_yet_is_fine_and_nothing_is_made(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "home"
    for check in (home_state.home, home_state.holder, journal_state.journal):
        assert check(path).grade is Grade.OK, check(path)
    assert home_state.storage(Settings(home=path)).grade is Grade.OK
    assert not path.parent.exists()


def test_a_home_is_whole(tmp_path: Path) -> None:
    path = made_home(tmp_path / "home")
    before = sorted(path.iterdir())
    assert home_state.home(path).grade is Grade.OK
    assert "is whole, version" in journal_state.journal(path).what
    assert sorted(path.iterdir()) == before


def test_a_home_that_others_can_read_is_a_warning_with_its_cure(tmp_path: Path) -> None:
    path = made_home(tmp_path / "home")
    path.chmod(0o755)
    assert home_state.home(path).hint == f"chmod 700 {path}"


def test_a_home_that_is_a_link_to_nowhere(tmp_path: Path) -> None:
    (tmp_path / "home").symlink_to(tmp_path / "nowhere")
    assert "a link to what is not there" in home_state.home(tmp_path / "home").what


def test_a_home_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("")
    assert home_state.home(tmp_path / "home").grade is Grade.FAILED


@pytest.mark.skipif(os.getuid() == 0, reason="root may write everywhere")
def test_a_home_of_another_user(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir(mode=0o500)
    assert home_state.home(tmp_path / "home").grade is Grade.FAILED


def test_the_holder_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = Home(made_home(tmp_path / "home"))
    with home.hold(Holder(1234, "here", "127.0.0.1:6399", "tlray")):
        assert "on the Ray at 127.0.0.1:6399" in home_state.holder(home.path).what
        monkeypatch.setenv("RAY_ADDRESS", "head.tlray.io:6399")
        assert home_state.holder(home.path).grade is Grade.OK
        monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:6400")
        other = home_state.holder(home.path)
        assert (other.grade, "export RAY_ADDRESS=127.0.0.1:6399" in other.hint) == (Grade.FAILED, True)
    assert home_state.holder(home.path) == ok("no coordinator works in the home")


def test_a_journal_that_is_damaged_or_newer(tmp_path: Path) -> None:
    path = made_home(tmp_path / "home")
    with sqlite3.connect(path / "state.db") as db:
        db.execute("UPDATE meta SET value = '999' WHERE key = 'schema'")
    db.close()
    (result,) = examine({"journal": lambda: journal_state.journal(path)}).values()
    assert (result.grade, "version 999" in result.what) == (Grade.FAILED, True)
    (path / "state.db").write_bytes(b"this is no database" * 1_000)
    (result,) = examine({"journal": lambda: journal_state.journal(path)}).values()
    assert result.grade is Grade.FAILED


def test_a_page_of_the_journal_that_was_overwritten_is_found(tmp_path: Path) -> None:
    path = made_home(tmp_path / "home")
    with sqlite3.connect(path / "state.db") as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (root,) = db.execute("SELECT rootpage FROM sqlite_master WHERE name = 'items'").fetchone()
        (size,) = db.execute("PRAGMA page_size").fetchone()
    db.close()
    with (path / "state.db").open("r+b") as file:
        file.seek((root - 1) * size)
        file.write(b"\xff" * size)
    (result,) = examine({"journal": lambda: journal_state.journal(path)}).values()
    assert result.grade is Grade.FAILED, result


# -- who may use a service -------------------------------------------------------------------------------


def with_tokens(path: Path, *tokens: tuple[str, bool]) -> Path:
    """Return a home with tokens: each a scope, and whether it was revoked."""
    with open_journal(Home(made_home(path))) as journal:
        for number, (scope, is_revoked) in enumerate(tokens):
            name = f"{number:06x}"
            journal.create_token(name=name, digest=f"digest {name}", user="ada", scopes=[scope], now=1.0)
            if is_revoked:
                journal.revoke_token(name, now=2.0)
    return path


@pytest.mark.parametrize(
    ("tokens", "given", "grade", "words"),
    [
        ((), {}, Grade.OK, "this machine only"),
        ((), {"allowed_hosts": "sets.example.org"}, Grade.WARNING, "has no token"),
        ((), {"trusted_proxies": "127.0.0.1"}, Grade.WARNING, "has no token"),
        ((), {"allowed_hosts": "localhost"}, Grade.OK, "this machine only"),
        ((("admin", False),), {"allowed_hosts": "sets.example.org"}, Grade.OK, "1 may be used"),
        ((("admin", True),), {}, Grade.WARNING, "all 1 tokens are revoked"),
        ((("submit", False),), {}, Grade.WARNING, "scope admin"),
        (
            (("admin", False),),
            {"allowed_hosts": "https://sets.example.org"},
            Grade.WARNING,
            "no request asks for",
        ),
        (
            (("admin", False),),
            {"allowed_hosts": "sets.example.org:8000"},
            Grade.WARNING,
            "no request asks for",
        ),
        ((("admin", False),), {"allowed_hosts": "*.example.org,*,10.0.0.7,[::1]"}, Grade.OK, "1 may be used"),
    ],
)
def test_a_service_that_others_reach_needs_tokens_and_names(
    tmp_path: Path, tokens: tuple[tuple[str, bool], ...], given: dict[str, str], grade: Grade, words: str
) -> None:
    path = with_tokens(tmp_path / "home", *tokens)
    result = service_setup.tokens(read_settings(home=path, **given))
    assert (result.grade, words in result.what) == (grade, True), result


def test_the_hint_for_a_missing_token_makes_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = read_settings(home=made_home(tmp_path / "home"), allowed_hosts="sets.example.org")
    hint = service_setup.tokens(settings).hint
    assert cli.run(hint.split()[1:]) == 0
    capsys.readouterr()
    assert service_setup.tokens(settings).grade is Grade.OK


# -- servers that are away or silent ----------------------------------------------------------------------


def test_servers_that_nobody_named_are_not_used() -> None:
    for check in (servers.redis, servers.broker, servers.mail):
        assert check(Settings()).grade is Grade.OK


@pytest.mark.parametrize("what", ["redis", "broker", "mail"])
def test_a_server_that_is_away_is_said_without_the_password(what: str, closed_port: int) -> None:
    result = getattr(servers, what)(settings_with(closed_port))
    assert result.grade is Grade.FAILED
    assert SECRET not in repr(result)
    assert str(closed_port) in result.what


def test_silent_servers_cost_some_seconds_together(silent_port: int) -> None:
    checks = {
        name: check
        for name, check in checks_of(settings_with(silent_port)).items()
        if name in ("redis", "broker", "mail")
    }
    begun = time.monotonic()
    results = examine(checks)
    assert time.monotonic() - begun < LIMIT_S + 10  # on a busy machine
    assert {result.grade for result in results.values()} == {Grade.FAILED}
    assert all("answer" in result.what and result.hint for result in results.values()), results
    assert SECRET not in repr(results)


def settings_with(port: int) -> Settings:
    return read_settings(
        redis=f"redis://me:{SECRET}@127.0.0.1:{port}/0",
        amqp=f"amqp://me:{SECRET}@127.0.0.1:{port}/",
        smtp_url=f"smtp://me:{SECRET}@127.0.0.1:{port}",
        smtp_from="me@example.org",
    )


# -- sites -----------------------------------------------------------------------------------------------


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


# -- the command -----------------------------------------------------------------------------------------


def run(*arguments: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    code = cli.run(["doctor", *arguments])
    out, err = capsys.readouterr()
    return code, out, err


def test_the_command_shows_all_checks_as_text_and_as_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = str(made_home(tmp_path / "home"))
    code, out, _ = run("--home", home, "--contact", "me@example.org", capsys=capsys)
    assert code == 0, out
    assert {line.split()[0] for line in out.splitlines() if not line.startswith(" ")} <= {"ok", "warning"}
    code, out, _ = run("--home", home, "--json", capsys=capsys)
    found = json.loads(out)
    assert {row["check"] for row in found["checks"]} >= {
        "python",
        "ray",
        "disk",
        "home",
        "journal",
        "storage",
        "mail",
    }
    assert found["ok"] + found["warning"] + found["failed"] == len(found["checks"])
    (contact,) = [row for row in found["checks"] if row["check"] == "contact"]
    assert contact["status"] == "warning"


def test_the_command_ends_with_4_where_a_check_fails(
    tmp_path: Path, closed_port: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TLRAY_REDIS", f"redis://me:{SECRET}@127.0.0.1:{closed_port}/0")
    code, out, err = run("--home", str(tmp_path / "home"), capsys=capsys)
    assert (code, SECRET in out + err) == (4, False)
    assert "FAILED   redis" in out


def test_wrong_settings_and_sites_are_wrong_usage(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("--site", "ftp://example.org", capsys=capsys)[0] == 2
    monkeypatch.setenv("TLRAY_REDIS", f"http://{SECRET}")
    code, out, err = run("--home", str(tmp_path), capsys=capsys)
    assert (code, SECRET in out + err) == (2, False)


def test_the_command_loads_no_ray(tmp_path: Path) -> None:
    code = "import sys; from tlray import cli; cli.run(['doctor', '--home', sys.argv[1]]); sys.exit('ray' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "home")], capture_output=True, text=True, check=False
    )
    assert (done.returncode, "checks:" in done.stderr) == (0, True), done.stderr


# -- the document ----------------------------------------------------------------------------------------


def test_the_document_lists_the_checks_that_there_are() -> None:
    """In the order in which they are shown."""
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    table = text.partition("## Check a set-up")[2].partition("\n## ")[0]
    rows = [row for row in table.splitlines() if row.startswith("| `")]
    named = [name for row in rows for name in re.findall(r"`([a-z-]+)`", row.split("|")[1])]
    assert named == [name.partition(" ")[0] for name in checks_of(Settings(), ["https://example.org/"])]


def test_the_document_names_the_fields_of_the_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, out, _ = run("--home", str(tmp_path / "home"), "--json", capsys=capsys)
    found = json.loads(out)
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    part = text.partition("## Check a set-up")[2].partition("\n## ")[0]
    example = json.loads(part.partition("```json")[2].partition("```")[0])
    assert (set(example), set(example["checks"][0])) == (set(found), set(found["checks"][0]))
    assert set(found) == {"ok", "warning", "failed", "checks"}
    assert all(row["hint"] or row["status"] == "ok" for row in found["checks"])
