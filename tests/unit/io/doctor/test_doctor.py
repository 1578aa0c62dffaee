"""The checks of a machine and a home: well and broken, without a server. Those of servers: tests/parts/test_doctor.py."""

from __future__ import annotations

import json
import os
import socket
import sqlite3
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tlray import cli
from tlray.core.politeness.robots import RobotsAnswer
from tlray.core.scheduling.changeset import Changeset, DomainChange
from tlray.errors import UsageError
from tlray.io.broker import connection
from tlray.io.disk.home import Holder, Home
from tlray.io.doctor import home_state, machine, ray_setup, servers, sites
from tlray.io.doctor.checks import checks_of
from tlray.io.doctor.report import Grade, Result, examine, failed, ok
from tlray.io.journal.opening import open_journal
from tlray.settings import Settings, read_settings

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
    for check in (machine.python, machine.packages, machine.clock, machine.time_zones):
        assert check().grade is Grade.OK, check()
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
    assert machine.open_files().grade is Grade.WARNING
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
    monkeypatch.setattr(machine.shutil, "disk_usage", lambda place: usage)
    monkeypatch.setattr(machine.os, "statvfs", lambda place: stat)
    result = machine.disks([tmp_path / "not" / "there"])
    assert result.grade is grade
    assert str(tmp_path) in result.what or "free at" in result.what


def test_memory_that_is_short_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "memory_free", lambda: 0.02)
    assert machine.memory().grade is Grade.WARNING


def test_a_clock_that_is_years_behind_or_was_set_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    real, ahead = time.time, iter((0.0, 0.0, 5.0, 5.0, 5.0))
    monkeypatch.setattr(machine.time, "time", lambda: real() + next(ahead, 5.0))
    assert "was set by +5.0 s" in machine.clock().what
    monkeypatch.setattr(machine.time, "time", lambda: 86_400.0)
    assert machine.clock().grade is Grade.FAILED


def test_without_time_zone_data_schedules_cannot_work(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(key: str) -> object:
        raise machine.zoneinfo.ZoneInfoNotFoundError(key)

    monkeypatch.setattr(machine.zoneinfo, "ZoneInfo", missing)
    assert machine.time_zones().hint == "install the package tzdata"


# -- Ray -------------------------------------------------------------------------------------------------


def test_a_ray_of_our_own_needs_nothing() -> None:
    assert ray_setup.ray({}).grade is Grade.OK


def test_a_cluster_without_token_authentication_is_a_warning(tmp_path: Path, closed_port: int) -> None:
    address = f"127.0.0.1:{closed_port}"
    assert ray_setup.ray({"RAY_AUTH_MODE": "disabled"}).hint == "export RAY_AUTH_MODE=token"
    assert ray_setup.ray({"RAY_ADDRESS": address}).grade is Grade.WARNING
    token = {"RAY_ADDRESS": address, "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN_PATH": str(tmp_path / "token")}
    assert "there is no token at" in ray_setup.ray(token).what
    (tmp_path / "token").write_text(SECRET)
    (tmp_path / "token").chmod(0o644)
    assert ray_setup.ray(token).hint == f"chmod 600 {tmp_path / 'token'}"
    (tmp_path / "token").chmod(0o600)
    result = ray_setup.ray(token)
    assert (result.grade, SECRET in repr(result)) == (Grade.FAILED, False)
    assert f"no Ray at RAY_ADDRESS={address}" in result.what


def test_a_cluster_that_listens_is_found(silent_port: int) -> None:
    environ = {"RAY_ADDRESS": f"127.0.0.1:{silent_port}", "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": SECRET}
    assert ray_setup.ray(environ).grade is Grade.OK


def test_what_other_machines_can_reach_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test's own process listens, under the name of one of Ray's."""
    monkeypatch.setattr(ray_setup, "_program", lambda pid: ("raylet", pid == os.getpid()))
    with socket.create_server(("127.0.0.1", 0)):
        assert ray_setup.ports().grade is Grade.OK
        with socket.create_server(("0.0.0.0", 0)) as open_one:  # noqa: S104 - that is the point
            result = ray_setup.ports()
            assert result.grade is Grade.WARNING
            assert f"raylet 0.0.0.0:{open_one.getsockname()[1]}" in result.what


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),  # how gRPC listens on loopback
        ("0.0.0.0", False),  # noqa: S104 - nothing is bound
        ("::", False),
        ("::ffff:10.0.0.7", False),
        ("192.0.2.2", False),
    ],
)
def test_loopback_has_several_spellings(host: str, local: bool) -> None:
    assert ray_setup.is_local(host) is local


# -- the home --------------------------------------------------------------------------------------------


def test_a_home_that_is_not_there_yet_is_fine_and_nothing_is_made(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "home"
    for check in (home_state.home, home_state.holder, home_state.journal):
        assert check(path).grade is Grade.OK, check(path)
    assert home_state.storage(Settings(home=path)).grade is Grade.OK
    assert not path.parent.exists()


def test_a_home_is_whole(tmp_path: Path) -> None:
    path = made_home(tmp_path / "home")
    before = sorted(path.iterdir())
    assert home_state.home(path).grade is Grade.OK
    assert "is whole, version" in home_state.journal(path).what
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


def test_the_holder_is_named(tmp_path: Path) -> None:
    home = Home(made_home(tmp_path / "home"))
    with home.hold(Holder(1234, "here", "127.0.0.1:6399", "tlray")):
        assert "on the Ray at 127.0.0.1:6399" in home_state.holder(home.path).what
    assert home_state.holder(home.path) == ok("no coordinator works in the home")


def test_a_journal_that_is_damaged_or_newer(tmp_path: Path) -> None:
    path = made_home(tmp_path / "home")
    with sqlite3.connect(path / "state.db") as db:
        db.execute("UPDATE meta SET value = '999' WHERE key = 'schema'")
    db.close()
    (result,) = examine({"journal": lambda: home_state.journal(path)}).values()
    assert (result.grade, "version 999" in result.what) == (Grade.FAILED, True)
    (path / "state.db").write_bytes(b"this is no database" * 1_000)
    (result,) = examine({"journal": lambda: home_state.journal(path)}).values()
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
    (result,) = examine({"journal": lambda: home_state.journal(path)}).values()
    assert result.grade is Grade.FAILED, result


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


def test_silent_servers_cost_some_seconds_together(silent_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "CONNECT_S", 2.0)
    checks = {
        name: check
        for name, check in checks_of(settings_with(silent_port)).items()
        if name in ("redis", "broker", "mail")
    }
    begun = time.monotonic()
    results = examine(checks)
    assert time.monotonic() - begun < 40  # 12 s, on a busy machine
    assert {result.grade for result in results.values()} == {Grade.FAILED}
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

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


@pytest.fixture
def site() -> Iterator[Site]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            served.n_asked += 1
            status, body = served.robots
            self.send_response_only(status)
            self.send_header("Date", self.date_time_string(time.time() + served.ahead_s))
            self.send_header("Content-Type", "text/plain")
            if 300 <= status < 400:
                self.send_header("Location", "/robots.txt")
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
    assert site.n_asked <= sites.MAX_HOPS


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


def test_ray_is_not_loaded_by_the_checks() -> None:
    assert "tlray.io.doctor.checks" in sys.modules
    assert not {name for name in vars(ray_setup) if name == "ray" and not callable(vars(ray_setup)[name])}
