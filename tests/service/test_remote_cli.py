"""The command line against a live service: the commands as a user types them, in this process or one of their own."""

from __future__ import annotations

import gzip
import json
import os
import re
import signal
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, Service, Site, StartSite
from test_imports import sheet

from tlray.cli import run
from tlray.cli.submit import SendingLines
from tlray.io.client import submit

pytestmark = pytest.mark.ray
Tlray = Callable[..., tuple[int, str, str]]


@pytest.fixture
def tlray(service: Service, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Tlray:
    """Run a command against the service: exit code, stdout, stderr."""
    monkeypatch.delenv("TLRAY_TOKEN", raising=False)

    def command(*arguments: str) -> tuple[int, str, str]:
        capfd.readouterr()
        code = run([*arguments, "--url", service.url])
        return code, *capfd.readouterr()

    return command


def slow(site: Site, per_s: float) -> list[str]:
    """Options under which a batch takes its time, whatever was fetched before."""
    rates = [f"--rate={base.removeprefix('http://')}={per_s}/s" for base in site.bases]
    return ["--fresh-for=0", *rates]


def a_list(path: Path, urls: list[str]) -> str:
    path.write_text("\n".join(urls) + "\n")
    return str(path)


def test_a_list_is_submitted_and_followed_to_its_end(
    site: Site, tlray: Tlray, tmp_path: Path, service: Service
) -> None:
    urls = a_list(tmp_path / "l.txt", ["# mine", "", *site.urls()[:5], "ftp://x", site.urls()[0]])
    code, out, err = tlray("submit", urls, "--name", "a mix", "--watch", "--json", "--fresh-for=0")
    told = json.loads(out)
    assert (code, told["state"], told["succeeded"], told["n_rejected"]) == (3, "completed", 5, 1), err
    for words in (
        f"batch {told['batch_id']}: 5 items, 1 duplicate, 1 line rejected",
        "line 8 rejected: scheme ftp: is not fetched",
        "line 9 duplicate: same page as line 3",
        "completed 5/5",
        "completed: 5 of 5 sets",
        f"results at {service.url}/batches/{told['batch_id']}\n",
        f"rejected lines of the list: 1; `tlray status {told['batch_id']} --url {service.url} --lines` names them\n",
    ):
        assert words in err
    code, out, _ = tlray("list", "--json")
    rows = [json.loads(line) for line in out.splitlines()]
    assert (code, next(row["name"] for row in rows if row["batch_id"] == told["batch_id"])) == (0, "a mix")
    assert tlray("watch", told["batch_id"])[0] == 3


def test_a_folder_is_imported_at_the_service(tlray: Tlray, tmp_path: Path, service: Service) -> None:
    root = tmp_path / "my sets"
    root.mkdir()
    for n in range(3):
        (root / f"{n}.cue").write_bytes(sheet(str(n)))
    (root / "again.cue").write_bytes(sheet("1"))
    (root / "link.cue").symlink_to(root / "1.cue")
    code, out, err = tlray("import", str(root), "--name", "by hand", "--json")
    done = json.loads(out)
    assert (code, done["total"], done["succeeded"], done["duplicates"]) == (3, 3, 3, 1), err
    assert "not sent: 'my sets/link.cue': a symbolic link" in err
    assert service.status(done["batch_id"])["name"] == "by hand"
    code, _, err = tlray("import", str(root / "0.cue"), "--as", "traktor")
    assert code == 3
    assert "1 dead" in err


def test_what_cannot_be_sent_to_a_service_is_one_line(tlray: Tlray, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    code, _, err = tlray("import", str(tmp_path / "empty"))
    assert (code, err.count("\n")) == (2, 1)
    assert "no file there that can be sent" in err
    code, _, err = tlray("import", str(tmp_path), "--dry-run")
    assert (code, err.count("\n")) == (2, 1)


def test_the_id_is_what_a_script_reads(site: Site, tlray: Tlray, service: Service) -> None:
    code, out, _ = tlray("submit", site.urls()[0])
    assert code == 0
    assert service.wait_for(out.strip())["total"] == 1


def test_a_list_in_pieces_is_one_batch_whatever_is_sent_twice(
    site: Site, tlray: Tlray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(submit, "MAX_PIECE_LINES", 7)
    urls = a_list(tmp_path / "l.txt", [*site.urls()[:15], "no-url", *site.urls()[:15]])
    told = [tlray("submit", urls, "--key", "pieces of one list", "--json") for _ in range(2)]
    assert [code for code, _, _ in told] == [3, 3]
    first, again = (json.loads(out) for _, out, _ in told)
    assert (first["total"], first["duplicates"], first["n_rejected"]) == (15, 15, 1)
    assert first["rejected"][0]["line"] == 16
    code, out, _ = tlray("status", first["batch_id"], "--lines")
    assert code == 0
    assert out.count("\n  line ") == 16
    lines = json.loads(tlray("status", first["batch_id"], "--lines", "--json")[1])["lines"]
    assert [(line["line"], line["first_line"]) for line in lines[:2]] == [(16, None), (17, 1)]
    assert (first["duplicate_lines"][0]["line"], first["duplicate_lines"][0]["first_line"]) == (17, 1)
    assert (again["batch_id"], again["total"]) == (first["batch_id"], 15)


def test_a_batch_is_paused_resumed_and_cancelled(site: Site, tlray: Tlray, service: Service) -> None:
    batch = tlray("submit", *site.urls(), *slow(site, 2), "--name=mine")[1].strip()
    assert tlray("pause", batch)[1].startswith(f"{batch} paused: ")
    code, out, _ = tlray("status", batch)
    assert code == 0
    assert re.search(rf"^{batch} mine paused: \d+ of 30 items done, ", out)
    assert "queued" in out
    assert tlray("resume", batch)[1].startswith(f"{batch} running: ")
    assert json.loads(tlray("cancel", batch, "--json")[1])["state"] in ("cancelling", "cancelled")
    assert service.wait_for(batch, "cancelled")["counts"]["cancelled"] > 0
    assert tlray("cancel", batch)[0] == 0, "again changes nothing"
    code, out, err = tlray("pause", batch)
    assert (code, out) == (2, "")
    assert "is cancelled already" in err


def test_a_list_without_one_good_line_leaves_nothing(tlray: Tlray, service: Service, tmp_path: Path) -> None:
    lines = a_list(tmp_path / "l.txt", ["x" * 300_000] * 10)
    code, out, err = tlray("submit", lines, "--name", "no good line")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "line 1" in err
    with service.client() as http:
        rows = http.get("/api/v1/batch", params={"limit": 1000}).json()["batches"]
    assert "no good line" not in [row["name"] for row in rows]


def test_an_export_is_taken_from_the_service(
    site: Site, tlray: Tlray, service: Service, tmp_path: Path
) -> None:
    batch = tlray("submit", *site.urls()[:6])[1].strip()
    service.wait_for(batch)
    code, out, err = tlray("export", batch, "--format", "csv", "--out", str(tmp_path / "sets.csv"))
    assert (code, out) == (0, "")
    assert f"bytes: {tmp_path}/sets.csv" in err
    with service.client() as http:
        there = http.get(f"/api/v1/batch/{batch}/export", params={"format": "csv"}).content
    assert (tmp_path / "sets.csv").read_bytes() == there
    assert tlray("export", batch, "--format", "jsonl", "--out", "-")[1].count("\n") == 6
    assert tlray("export", batch, "--format", "cue", "--out", str(tmp_path))[0] == 0
    with zipfile.ZipFile(tmp_path / f"{batch}.zip") as archive:
        assert archive.testzip() is None
    assert tlray("export", batch, "--format", "cue", "--out", f"{tmp_path}/new/")[0] == 0
    assert (tmp_path / "new" / f"{batch}.zip").is_file()
    code, _, err = tlray("export", batch, "--format", "cue", "--out", str(tmp_path / "sheets.cue"))
    assert (code, "one ZIP archive: it ends with .zip" in err) == (2, True)
    assert tlray("export", batch, "--format", "jsonl", "--out", "-", "--min-quality", "1")[1] == ""
    whole = ["--format", "jsonl", "--out", "-"]
    every = [json.loads(line)["url"] for line in tlray("export", "--all", *whole)[1].splitlines()]
    assert len(every) == len(set(every)) >= 6
    best = [
        json.loads(line) for line in tlray("export", "--all", "--min-quality", "1", *whole)[1].splitlines()
    ]
    assert len(best) < len(every)
    assert {one["quality"] for one in best} <= {1.0}
    assert tlray("export", "--all", "--merged", "--format", "csv", "--out", f"{tmp_path}/new/")[0] == 0
    assert "set_merged_from" in (tmp_path / "new" / "merged.csv").read_text().partition("\n")[0]
    code, _, err = tlray("export", batch, "--format", "csv", "--out", "/proc/no/such.csv")
    assert (code, err.count("\n")) == (2, 1)
    code, _, err = tlray(
        "export", "20200101-000000-abcdef", "--format", "csv", "--out", str(tmp_path / "x.csv")
    )
    assert (code, (tmp_path / "x.csv").exists()) == (2, False)


def test_dead_letters_are_shown_and_retried(tlray: Tlray, start_site: StartSite) -> None:
    broken = start_site("--sites=1", "--sets=3", "--faults=500:99=1")
    code, out, err = tlray("submit", *broken.urls()[:2], "--max-attempts=1", "--watch", "--json")
    told = json.loads(out)
    assert (code, told["dead"]) == (3, 2), err
    batch = told["batch_id"]
    code, out, _ = tlray("dead", batch)
    assert (code, out.count("(attempt 1; line ")) == (0, 2)
    assert out.count("    attempt 1  20") == 2
    assert out.count("unavailable") >= 2
    letters = [json.loads(line) for line in tlray("dead", batch, "--json")[1].splitlines()]
    assert tlray("dead", batch, "--reason", "no such word")[1] == ""
    code, out, err = tlray("retry", batch, "--item", letters[0]["item_id"], "--json")
    assert (code, json.loads(out)["dead"]) == (3, 2)
    assert "1 dead letter queued again" in err


@pytest.mark.parametrize("command", ["watch", "status", "pause", "resume", "cancel", "dead", "retry"])
def test_a_batch_that_is_not_there_is_one_line(tlray: Tlray, command: str) -> None:
    code, out, err = tlray(command, "20200101-000000-abcdef")
    assert (code, out) == (2, "")
    assert err.strip().endswith("there is no batch '20200101-000000-abcdef'")
    assert err.count("\n") == 1


def test_what_the_service_does_not_take_is_one_line(tlray: Tlray) -> None:
    code, _, err = tlray("submit", "http://10.0.0.1/set")
    assert code == 2
    assert "private-address" in err
    assert err.count("\n") == 1


def watching(service: Service, batch: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tlray", "watch", batch, "--url", service.url, "--json"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT, env=os.environ,
        preexec_fn=heed_ctrl_c,  # noqa: PLW1509 - it sets one signal, and takes no lock
    )  # fmt: skip


def heed_ctrl_c() -> None:
    """Let a Ctrl-C reach the command, also where a shell has started these tests in the background and so deaf to it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def wait_for_line(process: subprocess.Popen[str]) -> None:
    assert process.stderr is not None
    assert process.stderr.readline().startswith("running ")


def test_watching_outlives_a_killed_coordinator(service: Service, site: Site, tlray: Tlray) -> None:
    batch = tlray("submit", *site.urls(), *slow(site, 1))[1].strip()
    with watching(service, batch) as process:
        wait_for_line(process)
        os.kill(service.coordinator_pid(), signal.SIGKILL)
        out, err = process.communicate(timeout=90)
    assert process.returncode == 0, err
    told: dict[str, Any] = json.loads(out)
    assert (told["state"], told["succeeded"]) == ("completed", 30)


def test_ctrl_c_leaves_and_the_batch_goes_on(service: Service, site: Site, tlray: Tlray) -> None:
    batch = tlray("submit", *site.urls(), *slow(site, 0.1))[1].strip()
    with watching(service, batch) as process:
        wait_for_line(process)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, "")
    assert f"batch {batch} goes on" in err
    assert service.status(batch)["state"] == "running"
    tlray("cancel", batch)


def test_a_list_that_is_broken_off_in_the_middle_is_no_batch(
    service: Service, site: Site, tlray: Tlray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(submit, "MAX_PIECE_LINES", 2)
    cut = tmp_path / "list.txt.gz"
    cut.write_bytes(gzip.compress("\n".join([*site.urls()[:6], ""]).encode())[:-8])
    code, out, err = tlray("submit", str(cut), "--name", "broken off")
    assert (code, out) == (2, "")
    assert "list.txt.gz cannot be read: Compressed file ended" in err
    with service.client() as http:
        rows = http.get("/api/v1/batch", params={"limit": 1000}).json()["batches"]
    assert [row["state"] for row in rows if row["name"] == "broken off"] == []


def test_a_list_outlives_a_replica_that_is_killed_in_the_middle_of_it(
    service: Service, tlray: Tlray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killing(SendingLines):
        def tell(self, n_lines: int, n_pieces: int) -> None:
            super().tell(n_lines, n_pieces)
            if n_pieces == 2:  # … which is in the middle of a later piece then
                threading.Timer(0.03, lambda: killed.append(service.kill_replicas())).start()

    killed: list[int] = []
    monkeypatch.setattr(sys.modules["tlray.cli.submit"], "SendingLines", Killing)
    monkeypatch.setattr(submit, "MAX_PIECE_LINES", 1_000)
    urls = a_list(tmp_path / "l.txt", [f"http://127.0.0.1:9/tracklist/{n}" for n in range(30_000)])
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    code, out, err = tlray("submit", urls, "--not-before", tomorrow.isoformat(), "--json")
    assert (code, killed) == (0, [1]), err
    told = json.loads(out)
    assert (told["total"], told["duplicates"], told["n_rejected"]) == (30_000, 0, 0)
    assert tlray("cancel", told["batch_id"])[0] == 0
