"""The command line in processes of its own: interrupted, killed, joined; as a Ray job; and what it says to bad input."""

from __future__ import annotations

import gzip
import itertools
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import psutil
import pytest
from conftest import ROOT, StartSite, Tlray, batch_id_of, wait_until
from demo_site import Site

pytestmark = pytest.mark.ray


def rates(site: Site, rate: str) -> list[str]:
    return [f"--rate={base.split('//')[1]}={rate}" for base in site.bases]


def list_file(site: Site, tmp_path: Path) -> str:
    path = tmp_path / "urls.txt"
    path.write_text("\n".join(site.urls()) + "\n", encoding="utf-8")
    return str(path)


def kill_all_of(process: subprocess.Popen[str]) -> None:
    """Kill -9 a command and everything that it started."""
    top = psutil.Process(process.pid)
    for victim in [*top.children(recursive=True), top]:
        try:
            victim.kill()
        except psutil.NoSuchProcess:
            continue
    process.communicate(timeout=20)


def test_kill_9_of_everything_and_resume_loses_nothing_and_doubles_nothing(
    start_site: StartSite, tlray: Tlray, tmp_path: Path
) -> None:
    site = start_site("--sites=3", "--sets=120")
    batch_id = ""
    for share in (0.25, 0.5, 0.75):
        arguments = ["--resume", batch_id] if batch_id else [list_file(site, tmp_path), *rates(site, "15/s")]
        process = tlray.start("scrape", *arguments)
        batch_id = batch_id_of(process)
        wait_until(
            lambda n=120 * share, b=batch_id: tlray.status(b)["counts"].get("succeeded", 0) >= n,  # type: ignore[misc]
            what=f"{share:.0%}",
        )
        kill_all_of(process)
    done = tlray.run("scrape", "--resume", batch_id, "--json")
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    summary = json.loads(done.stdout)
    assert (summary["total"], summary["succeeded"], summary["dead"]) == (120, 120, 0)
    assert list(Path(tlray.home / "results" / batch_id / "_staging").glob("*")) == []
    rows = pd.read_parquet(tlray.home / "results" / batch_id / "tracklists")
    assert Counter(rows.url) == Counter(site.urls())
    # what was in flight or unreported at the kills is fetched again: at 15/s on 3 sites, two seconds of work each
    assert len(site.page_arrivals()) <= 120 + 3 * 90


def test_ctrl_c_drains_and_resume_goes_on(start_site: StartSite, tlray: Tlray, tmp_path: Path) -> None:
    site = start_site("--sites=2", "--sets=100")
    process = tlray.start("scrape", list_file(site, tmp_path), *rates(site, "10/s"))
    batch_id = batch_id_of(process)
    wait_until(lambda: tlray.status(batch_id)["counts"].get("succeeded", 0) >= 20, what="20 items")
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=40)
    assert process.returncode == 130, err
    assert f"tlray scrape --resume {batch_id}" in err
    assert "Traceback" not in err
    n_fetched = len(site.page_arrivals())
    assert tlray.status(batch_id)["counts"]["succeeded"] == n_fetched < 100, "what was in flight is kept"

    done = tlray.run("scrape", "--resume", batch_id, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["succeeded"] == 100
    assert len(site.page_arrivals()) == 100, "nothing was fetched twice"


def test_a_second_scrape_into_the_same_home_joins_the_first(
    start_site: StartSite, tlray: Tlray, tmp_path: Path
) -> None:
    site = start_site("--sites=2", "--sets=60")
    urls = site.urls()
    first = tlray.start("scrape", *urls[:40], *rates(site, "4/s"))
    batch_id_of(first)
    second = tlray.run("scrape", *urls[40:], "--json")
    assert second.returncode == 0, second.stderr
    assert json.loads(second.stdout)["succeeded"] == 20
    _, err = first.communicate(timeout=60)
    assert first.returncode == 0, err


def test_a_list_with_bad_lines_runs_and_names_them(
    start_site: StartSite, tlray: Tlray, tmp_path: Path
) -> None:
    site = start_site("--sites=1", "--sets=5")
    path = tmp_path / "list.txt.gz"
    lines = [*site.urls(), "ftp://example.org/x", site.urls()[0], "no-scheme.example/x"]
    path.write_bytes(gzip.compress("\n".join(lines).encode()))
    done = tlray.run(
        "scrape", str(path), "--json", "--export", "cue", "--export", f"csv:{tmp_path}/tracks.csv"
    )
    assert done.returncode == 3, done.stderr
    assert "line 6 rejected: scheme ftp: is not fetched" in done.stderr
    assert "line 8 rejected: no scheme" in done.stderr
    assert "line 7 duplicate: same page as line 1" in done.stderr
    summary = json.loads(done.stdout)
    assert (summary["total"], summary["duplicates"], summary["n_rejected"]) == (5, 1, 2)
    assert len(pd.read_csv(tmp_path / "tracks.csv")) == summary["tracks"]
    assert list((tlray.home / "exports" / summary["batch_id"] / "cue").glob("*.cue"))
    assert tlray.home.stat().st_mode & 0o777 == 0o700


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 6 MB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(disk)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("a disk of its own needs root, and the right to mount")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_full_disk_ends_with_one_error_and_resume_goes_on_when_there_is_room(
    start_site: StartSite, tlray: Tlray, small_disk: Path, tmp_path: Path
) -> None:
    site = start_site("--sites=2", "--sets=300")
    home = ["--home", str(small_disk / "sets")]
    full = tlray.run("scrape", list_file(site, tmp_path), *home)
    assert full.returncode == 4, full.stderr
    assert re.search(r"tlray: the disk of .* is full; make room and go on with", full.stderr), full.stderr
    assert "Traceback" not in full.stderr
    (batch,) = tlray.run("list", "--json", *home).stdout.splitlines()
    batch_id = json.loads(batch)["batch_id"]
    n_before = json.loads(batch)["counts"].get("succeeded", 0)
    assert n_before < 300
    assert len(pd.read_parquet(small_disk / "sets" / "results" / batch_id / "tracklists")) == n_before
    audit = tlray.run("audit", *home)
    assert audit.returncode == 0, audit.stdout
    assert f"{300 - n_before} items are open" in audit.stdout

    subprocess.run(["mount", "-o", "remount,size=200m", str(small_disk)], check=True)
    done = tlray.run("scrape", "--resume", batch_id, "--json", *home)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["succeeded"] == 300
    assert pd.read_parquet(small_disk / "sets" / "results" / batch_id / "tracklists").url.nunique() == 300
    audit = tlray.run("audit", "--pages", *home)
    assert audit.returncode == 0, audit.stdout


def test_robots_txt_is_the_ceiling_unless_the_owner_agreed(
    start_site: StartSite, tlray: Tlray, tmp_path: Path
) -> None:
    site = start_site("--sites=1", "--sets=10", "--robots=crawl-delay=0.5")
    fast = rates(site, "50/s")
    done = tlray.run("scrape", list_file(site, tmp_path), *fast)
    assert done.returncode == 0, done.stderr
    at = [a["at_s"] for a in site.arrivals()]
    gaps = [after - before for before, after in itertools.pairwise(at)]
    assert min(gaps[1:]) > 0.45, (
        gaps
    )  # the first is between robots.txt, which nobody knew yet, and what it asks for

    domain = site.bases[0].split("//")[1]
    again = tlray.run(
        "scrape", list_file(site, tmp_path), *fast, "--ignore-crawl-delay", domain, "--fresh-for=0"
    )
    assert again.returncode == 0, again.stderr
    assert f"warning: the crawl-delay of {domain} is ignored" in again.stderr
    at = [a["at_s"] for a in site.arrivals()][len(at) :]
    assert max(at) - min(at) < 2.0


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def listens(port: int) -> bool:
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def serve_run(env: dict[str, str], gcs: int) -> Iterator[str]:
    """Run the service by Ray Serve's own command on a cluster; give its address."""
    cli, port = str(Path(sys.executable).parent / "serve"), free_port()
    env = env | {"RAY_ADDRESS": f"127.0.0.1:{gcs}", "TLRAY_ALLOW_PRIVATE_HOSTS": "127.0.0.0/8"}
    start = [cli, "start", "--http-host=127.0.0.1", f"--http-port={port}", "--proxy-location=HeadOnly"]
    subprocess.run(start, env=env, check=True, capture_output=True, cwd=ROOT, timeout=60)
    run = [cli, "run", "serve_app:app", "--app-dir", str(ROOT)]
    with subprocess.Popen(
        run, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=ROOT
    ) as process:
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def asked(url: str) -> Any:
    """What a service answers; None where it does not."""
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - our own, on loopback
            return json.loads(answer.read())
    except OSError:
        return None


def test_a_batch_as_a_ray_job_on_a_cluster_with_token_auth_that_the_service_sees(
    start_site: StartSite, tlray: Tlray, tmp_path: Path
) -> None:
    site = start_site("--sites=1", "--sets=20", "--faults=404=0.1")
    ray_cli = str(Path(sys.executable).parent / "ray")
    dashboard = free_port()
    env = tlray.env(RAY_AUTH_MODE="token", RAY_TMPDIR="/tmp/tlray-job-test")  # noqa: S108 - Ray's sockets need a short path
    token = Path(os.environ["HOME"]) / ".ray" / "auth_token"
    if not token.exists():
        subprocess.run([ray_cli, "get-auth-token", "--generate"], env=env, check=True, capture_output=True)
    ports = {"port": free_port(), "dashboard-port": dashboard, "dashboard-agent-listen-port": free_port()}
    start = [ray_cli, "start", "--head", "--node-ip-address=127.0.0.1", "--num-cpus=2", "--block"]
    start += [f"--{name}={port}" for name, port in ports.items()]
    head = subprocess.Popen(start, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    serving = ExitStack()
    try:
        wait_until(lambda: listens(dashboard), what="the dashboard")
        url = serving.enter_context(serve_run(env, ports["port"]))
        wait_until(lambda: asked(f"{url}/readyz") is not None, what="the service")
        job = [ray_cli, "job", "submit", "--working-dir", ".", "--", sys.executable, "jobs/scrape_batch.py"]
        env["RAY_ADDRESS"] = f"http://127.0.0.1:{dashboard}"
        for _ in range(10):  # Ray answers before its agent can take jobs
            done = subprocess.run(
                [*job, "--urls", list_file(site, tmp_path), "--home", str(tlray.home), "--max-attempts=1"],
                env=env, capture_output=True, text=True, timeout=150, check=False, cwd=ROOT,
            )  # fmt: skip
            if "No available agent" not in done.stderr:
                break
            time.sleep(2)
        assert done.returncode != 0, "a job whose items died fails"
        out = done.stdout + done.stderr
        assert re.search(r"running \d+/20|completed 20/20", out), out
        assert "Traceback" not in out
        n_gone = sum(1 for a in site.page_arrivals() if a["fault"])
        (batch,) = tlray.run("list", "--json").stdout.splitlines()
        assert json.loads(batch)["counts"] == {"succeeded": 20 - n_gone, "dead": n_gone}
        (seen,) = asked(f"{url}/api/v1/batch")["batches"]
        assert (seen["batch_id"], seen["state"]) == (json.loads(batch)["batch_id"], "completed")
        assert len(asked(f"{url}/api/v1/dead-letters")["dead_letters"]) == n_gone
    finally:
        serving.close()
        kill_all_of(head)


BAD = [
    (["scrape"], 2, "no URL given"),
    (["scrape", "no-such-file.txt"], 2, "no file"),
    (["scrape", "tests"], 2, "is a folder"),
    (["scrape", "http://127.0.0.1/x", "--rate", "127.0.0.1=fast"], 2, "is not of the form N/s"),
    (["scrape", "http://127.0.0.1/x", "--rate", "fast"], 2, "DOMAIN=VALUE"),
    (["scrape", "http://127.0.0.1/x", "--rate", "127.0.0.1=0/s"], 2, "is 0"),
    (["scrape", "http://127.0.0.1/x", "--concurrency", "127.0.0.1=many"], 2, "whole number"),
    (["scrape", "http://127.0.0.1/x", "--export", "mp3"], 2, "no format 'mp3'"),
    (["scrape", "http://127.0.0.1/x", "--priority", "urgent"], 2, "immediate, normal or low"),
    (["scrape", "http://127.0.0.1/x", "--max-wait", "soon"], 2, "is no duration"),
    (["scrape", "http://127.0.0.1/x", "--fresh-for", "-1h"], 2, "or 0 to fetch every page"),
    (["scrape", "http://127.0.0.1/x", "--max-attempts", "0"], 2, "1 to 100"),
    (["scrape", "http://127.0.0.1/x", "--no-such-option"], 2, "No such option"),
    (["scrape", "--resume", "nope"], 2, "no journal"),
    (["scrape", "http://127.0.0.1/x", "--home", "/dev/null/x"], 2, "cannot be used"),
    (["scrape", "http://127.0.0.1/x", "--contact", "me"], 2, "e-mail address or a web page"),
    (["export", "nope", "--format", "cue"], 2, "no journal"),
    (["export", "nope", "--format", "mp3"], 2, "no format 'mp3'"),
    (["status", "nope"], 2, "no journal"),
    (["parse", "no-such-page.html"], 2, "no file"),
    (["demo", "--faults", "gremlins=1"], 2, "gremlins"),
]


@pytest.mark.parametrize(
    ("arguments", "code", "says"), BAD, ids=lambda v: " ".join(v)[:50] if isinstance(v, list) else ""
)
def test_bad_input_gets_one_clear_error(arguments: list[str], code: int, says: str, tlray: Tlray) -> None:
    done = tlray.run(*arguments)
    assert done.returncode == code, done.stderr
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert len([line for line in done.stderr.splitlines() if line.startswith("tlray")]) <= 1


def test_a_binary_list_and_a_public_host_without_a_contact_are_refused(tlray: Tlray, tmp_path: Path) -> None:
    binary = tmp_path / "list.bin"
    binary.write_bytes(bytes(range(256)) * 10)
    for argument, says in (
        (str(binary), "give a list with one URL a line"),
        ("https://www.example.org/x", "--contact"),
    ):
        begun = time.monotonic()
        done = tlray.run("scrape", argument)
        assert done.returncode == 2, done.stderr
        assert says in done.stderr
        assert "Traceback" not in done.stderr
        assert time.monotonic() - begun < 60
    assert tlray.run("list").stdout == ""
