"""`tlray import` end to end: a mixed folder with rubbish in it, a kill -9 in the middle, and a retry."""

from __future__ import annotations

import json
import os
import signal
import zipfile
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import Tlray, batch_id_of, wait_until

pytestmark = pytest.mark.ray


def sheet(name: str) -> str:
    head = f'PERFORMER "DJ {name}"\nTITLE "Set {name}"\nFILE "a.mp3" MP3\n'
    rows = (
        f'  TRACK {n:02} AUDIO\n    TITLE "Title {n}"\n    PERFORMER "Artist {n}"\n    INDEX 01 {4 * n - 4:02}:00:00\n'
        for n in range(1, 6)
    )
    return head + "".join(rows)


def mixed_folder(root: Path) -> Path:
    """Four good files, one of them twice; four that hold no set; three that are not read."""
    (root / "below").mkdir(parents=True)
    (root / "one.cue").write_text(sheet("one"))
    (root / "below" / "copy.cue").write_text(sheet("one"))
    (root / "below" / "m.m3u8").write_text(
        "#EXTM3U\n" + "".join(f"#EXTINF:240,A{n} - T{n}\n/x/{n}.mp3\n" for n in range(8))
    )
    with zipfile.ZipFile(root / "two.zip", "w") as archive:
        archive.writestr("in/two.cue", sheet("two"))
        archive.writestr("in/three.cue", sheet("three"))
        archive.writestr("../evil.cue", sheet("evil"))
    (root / "empty.txt").touch()
    (root / "noise.bin").write_bytes(bytes(range(256)) * 20)
    (root / "letter.txt").write_text("Dear Ann, see you on Sunday.\n")
    (root / "entities.xml").write_text('<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><rss>&x;</rss>')
    (root / "loop").symlink_to(root)
    with (root / "huge.txt").open("wb") as huge:
        huge.truncate(500_000_000)
    return root


def read_by_an_older_parser(file: Path) -> None:
    """Give all sets of a part other titles."""
    table = pq.read_table(file)
    older = pa.array(
        [f"Old {title}" for title in table["title"].to_pylist()], table.schema.field("title").type
    )
    pq.write_table(table.set_column(table.schema.get_field_index("title"), "title", older), file)


def test_a_mixed_folder_becomes_a_batch_and_nothing_is_lost(joined: Tlray, tmp_path: Path) -> None:
    root = mixed_folder(tmp_path / "ann's sets")
    counted = json.loads(joined.here("import", str(root), "--dry-run", "--json").stdout)
    assert counted["kinds"]["cue"] == 4
    assert (counted["total"], counted["n_rejected"]) == (9, 3)

    done = joined.here("import", str(root), "--json", "--export", "csv")
    assert done.returncode == 3, done.stderr
    summary = json.loads(done.stdout)
    batch_id = summary["batch_id"]
    assert summary["state"] == "completed"
    assert (summary["total"], summary["duplicates"], summary["n_rejected"]) == (8, 1, 3)
    assert (summary["succeeded"], summary["dead"]) == (4, 4)
    for reason in ("links are not followed", "too large", "leads out of the archive"):
        assert reason in done.stderr

    tracklists = pd.read_parquet(joined.home / "results" / batch_id / "tracklists")
    assert {"Set one", "Set two", "Set three"} <= set(tracklists["title"])
    assert set(tracklists["url"]) == {f"file:///{n}" for n in ("copy.cue", "two.cue", "three.cue", "m.m3u8")}
    private = str(tmp_path).encode()
    kept = [path for part in ("results", "archive", "exports") for path in (joined.home / part).rglob("*.*")]
    assert kept
    assert all(private not in path.read_bytes() for path in kept if path.is_file())

    dead = joined.here("dead", batch_id).stdout
    assert "empty" in dead
    assert "of no kind that is read" in dead
    assert "passwd" not in dead
    assert joined.here("audit", batch_id).returncode == 0

    (file,) = (joined.home / "results" / batch_id / "tracklists").glob("*.parquet")
    read_by_an_older_parser(file)
    reparsed = joined.here("reparse", "--all")
    assert reparsed.returncode == 0, reparsed.stderr
    assert "4 sets changed (4 set_title)" in reparsed.stderr
    assert "file:///two.cue: 1 set_title" in reparsed.stdout
    assert "of dead letters 0 have a set now, 3 have none today either" in reparsed.stderr
    again = pd.read_parquet(joined.home / "results" / batch_id / "tracklists")
    assert sorted(again["title"]) == sorted(tracklists["title"])
    assert joined.here("audit", batch_id, "--pages").returncode == 0
    assert json.loads(joined.here("status", batch_id, "--json").stdout)["tracks"] == summary["tracks"]
    assert "3 pages read again, 0 sets changed" in joined.here("reparse", batch_id, "--changed-only").stderr

    (root / "letter.txt").write_text(sheet("four"))
    again = joined.here("retry", batch_id, "--json")
    assert json.loads(again.stdout)["succeeded"] == 5, "a retry opens the file where it lies"


def test_kill_9_and_resume_imports_every_file_once(joined: Tlray, tmp_path: Path) -> None:
    root = tmp_path / "files"
    root.mkdir()
    n_files = 2_000
    for n in range(n_files):
        (root / f"{n:04}.cue").write_text(sheet(str(n)))
    process = joined.start("import", str(root), "--max-workers=1")
    batch_id = batch_id_of(process)
    wait_until(lambda: joined.n_succeeded(batch_id) >= 100, what="100 files")
    coordinator = json.loads((joined.home / "coordinator.lock").read_text())["pid"]
    for pid in (process.pid, coordinator):  # its tasks end with it
        os.kill(pid, signal.SIGKILL)
    process.communicate(timeout=20)
    assert joined.n_succeeded(batch_id) < n_files, "it was killed in the middle"
    done = joined.here("import", "--resume", batch_id, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["succeeded"] == n_files
    rows = pd.read_parquet(joined.home / "results" / batch_id / "tracklists")
    assert sorted(rows["title"]) == sorted(f"Set {n}" for n in range(n_files))
    assert joined.here("audit", batch_id).returncode == 0

    for file in (joined.home / "results" / batch_id / "tracklists").glob("*.parquet"):
        read_by_an_older_parser(file)
    process = joined.start("reparse", batch_id)
    wait_until((joined.home / "reparse.done").exists, what="the first page read again")
    process.kill()
    process.communicate(timeout=20)
    assert joined.here("reparse", batch_id).returncode == 0, "the same command goes on"
    rows = pd.read_parquet(joined.home / "results" / batch_id / "tracklists")
    assert sorted(rows["title"]) == sorted(f"Set {n}" for n in range(n_files))
    assert joined.here("audit", batch_id, "--pages").returncode == 0
