"""The command line: interrupted, killed, on a full disk.

Wrong arguments are in `tests/unit/cli/test_wrong_arguments.py`.
"""

from __future__ import annotations

import gzip
import json
import os
import re
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pandas as pd
import psutil
import pytest
from conftest import StartSite, Tlray, batch_id_of, wait_until
from demo_site import Site
from process_trees import kill_tree

pytestmark = pytest.mark.ray


def rates(site: Site, rate: str) -> list[str]:
    return [f"--rate={base.split('//')[1]}={rate}" for base in site.bases]


def list_file(site: Site, tmp_path: Path) -> str:
    path = tmp_path / "urls.txt"
    path.write_text("\n".join(site.urls()) + "\n", encoding="utf-8")
    return str(path)


def kill_all_of(process: subprocess.Popen[str]) -> None:
    """Kill -9 a command and everything that it started."""
    kill_tree(process.pid)
    process.communicate(timeout=20)


def open_sockets(process: subprocess.Popen[str]) -> list[str]:
    """What a command and all that it started listen at, loopback aside."""
    top = psutil.Process(process.pid)
    found = []
    for one in [*top.children(recursive=True), top]:
        with suppress(psutil.NoSuchProcess):
            listens = [c.laddr for c in one.net_connections("inet") if c.status == psutil.CONN_LISTEN]
            near = ("127.0.0.1", "::1", "::ffff:127.0.0.1")
            found += [f"{one.name()} at {at.ip}:{at.port}" for at in listens if at.ip not in near]
    return found


def open_files(home: Path) -> list[str]:
    """What in a home its owner shares with others."""
    return [
        f"{path} {path.stat().st_mode:o}" for path in [home, *home.rglob("*")] if path.stat().st_mode & 0o077
    ]


def test_kill_9_of_everything_and_resume_loses_nothing_and_doubles_nothing(
    start_site: StartSite, tlray: Tlray, joined: Tlray, tmp_path: Path
) -> None:
    site = start_site("--sites=3", "--sets=90")
    process = tlray.start("scrape", list_file(site, tmp_path), *rates(site, "15/s"))
    batch_id = batch_id_of(process)
    wait_until(lambda: tlray.n_succeeded(batch_id) >= 40, what="40 items")
    assert open_sockets(process) == []
    kill_all_of(process)
    done = joined.here("scrape", "--resume", batch_id, "--json")
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert (summary["total"], summary["succeeded"], summary["dead"]) == (90, 90, 0)
    assert list(Path(tlray.home / "results" / batch_id / "_staging").glob("*")) == []
    assert open_files(tlray.home) == []
    rows = pd.read_parquet(tlray.home / "results" / batch_id / "tracklists")
    assert Counter(rows.url) == Counter(site.urls())
    # what was in flight or unreported at the kills is fetched again: at 15/s on 3 sites, two seconds of work
    assert len(site.page_arrivals()) <= 90 + 90


def test_ctrl_c_drains_and_resume_goes_on(start_site: StartSite, joined: Tlray, tmp_path: Path) -> None:
    """On a Ray that goes on; `test_deaths.py` and `tests/service/test_together.py` end one that is the command's own."""
    site = start_site("--sites=2", "--sets=100")
    process = joined.start("scrape", list_file(site, tmp_path), *rates(site, "10/s"))
    batch_id = batch_id_of(process)
    wait_until(lambda: joined.n_succeeded(batch_id) >= 20, what="20 items")
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=90)
    assert process.returncode == 130, err
    assert f"tlray scrape --resume {batch_id}" in err
    assert "Traceback" not in err
    n_fetched = len(site.page_arrivals())
    assert joined.status(batch_id)["counts"]["succeeded"] == n_fetched < 100, "what was in flight is kept"

    done = joined.here("scrape", "--resume", batch_id, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["succeeded"] == 100
    assert len(site.page_arrivals()) == 100, "nothing was fetched twice"


def test_a_list_with_bad_lines_runs_and_names_them(
    start_site: StartSite, joined: Tlray, tmp_path: Path
) -> None:
    site = start_site("--sites=1", "--sets=5")
    path = tmp_path / "list.txt.gz"
    lines = [*site.urls(), "ftp://example.org/x", site.urls()[0], "no-scheme.example/x"]
    path.write_bytes(gzip.compress("\n".join(lines).encode()))
    done = joined.here(
        "scrape", str(path), "--json", "--export", "cue", "--export", f"csv:{tmp_path}/tracks.csv"
    )
    assert done.returncode == 3, done.stderr
    assert "line 6 rejected: scheme ftp: is not fetched" in done.stderr
    assert "line 8 rejected: no scheme" in done.stderr
    assert "line 7 duplicate: same page as line 1" in done.stderr
    summary = json.loads(done.stdout)
    assert (summary["total"], summary["duplicates"], summary["n_rejected"]) == (5, 1, 2)
    assert len(pd.read_csv(tmp_path / "tracks.csv")) == summary["tracks"]
    assert list((joined.home / "exports" / summary["batch_id"] / "cue").glob("*.cue"))
    assert joined.home.stat().st_mode & 0o777 == 0o700


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 6 MB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(disk)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("a disk of its own needs root, and the right to mount")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)  # a coordinator may be about to end there


def test_a_full_disk_ends_with_one_error_and_resume_goes_on_when_there_is_room(
    start_site: StartSite, small_disk: Path, tlray: Tlray, joined: Tlray, tmp_path: Path
) -> None:
    site = start_site("--sites=2", "--sets=200")
    home = ["--home", str(small_disk / "sets")]
    full = tlray.run("scrape", list_file(site, tmp_path), *home)
    assert full.returncode == 4, full.stderr
    assert re.search(r"tlray: the disk of .* is full; make room and go on with", full.stderr), full.stderr
    assert "Traceback" not in full.stderr
    (batch,) = tlray.here("list", "--json", *home).stdout.splitlines()
    batch_id = json.loads(batch)["batch_id"]
    n_before = json.loads(batch)["counts"].get("succeeded", 0)
    assert n_before < 200
    assert len(pd.read_parquet(small_disk / "sets" / "results" / batch_id / "tracklists")) == n_before
    audit = tlray.here("audit", *home)
    assert audit.returncode == 0, audit.stdout
    assert f"{200 - n_before} items open" in audit.stdout

    subprocess.run(["mount", "-o", "remount,size=200m", str(small_disk)], check=True)
    done = joined.here("scrape", "--resume", batch_id, "--json", *home)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["succeeded"] == 200
    assert pd.read_parquet(small_disk / "sets" / "results" / batch_id / "tracklists").url.nunique() == 200
    audit = tlray.here("audit", "--pages", *home)
    assert audit.returncode == 0, audit.stdout


def test_robots_txt_is_the_ceiling_unless_the_owner_agreed(
    start_site: StartSite, joined: Tlray, tmp_path: Path
) -> None:
    site = start_site("--sites=1", "--sets=5", "--robots=crawl-delay=1.5")
    fast = rates(site, "50/s")
    done = joined.here("scrape", list_file(site, tmp_path), *fast)
    assert done.returncode == 0, done.stderr
    first = [a["at_s"] for a in site.arrivals()]
    assert first[-1] - first[1] > 4 * 1.5 - 0.5, first  # robots.txt was fetched before anybody knew of it

    domain = site.bases[0].split("//")[1]
    again = joined.here(
        "scrape", list_file(site, tmp_path), *fast, "--ignore-crawl-delay", domain, "--fresh-for=0"
    )
    assert again.returncode == 0, again.stderr
    assert f"warning: the crawl-delay of {domain} is ignored" in again.stderr
    second = [a["at_s"] for a in site.arrivals()][len(first) :]
    assert second[-1] - second[-5] < 4 * 1.5 - 0.5, second
