"""A process that is killed while it reads into the catalogue: the next one goes on, and all is as if nothing had happened."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from made_catalogue import MadeHome

from benchmarks.performed_world import World
from tlray.io.catalogue import block_index
from tlray.io.catalogue.catch_up import catch_up
from tlray.io.catalogue.database import opened, remove
from tlray.io.disk.home import Home

READ = """
import sys, time
from pathlib import Path
from tlray.io.catalogue import block_index, catch_up
from tlray.io.disk.home import Home
settled, n_windows = catch_up.settle, 0
def settle(db):
    global n_windows
    settled(db)
    n_windows += 1
    if n_windows == 4:  # all of a window is written, and nothing committed
        print("in a window", flush=True)
        time.sleep(600)
catch_up.settle, catch_up.WINDOW = settle, 20
block_index.ROOM = {"blocks_new": 50, "blocks_recent": 200}
catch_up.catch_up(Home(Path(sys.argv[1])))
"""


def dump(home: Home) -> dict[str, list[Any]]:
    tables = (
        "batches",
        "sets",
        "facets",
        "contents",
        "tallies",
        "versions",
        "changes",
        "performances",
        "links",
    )
    with opened(home) as db:
        found = {name: db.execute(f"SELECT * FROM {name} ORDER BY 1, 2").fetchall() for name in tables}  # noqa: S608
        blocks = " UNION ALL ".join(f"SELECT * FROM {level}" for level in block_index.LEVELS)  # noqa: S608
        return found | {"blocks": db.execute(f"{blocks} ORDER BY 1, 2").fetchall()}


def test_a_window_that_a_kill_cut_off_leaves_nothing_and_is_read_again(tmp_path: Path) -> None:
    made = MadeHome(tmp_path)
    pages = [page.tracklist for page in World(6, n_performances=50).pages()]
    made.batch("b1", *([page] for page in pages))
    made.close()
    catch_up(made.home)
    undisturbed = dump(made.home)
    remove(made.home)
    process = subprocess.Popen([sys.executable, "-c", READ, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "in a window\n"
    finally:
        process.kill()
        process.communicate()
    with opened(made.home) as db:
        assert db.execute("SELECT count(*) FROM sets").fetchone() == (60,)
        assert db.execute("SELECT value FROM meta WHERE key = 'position'").fetchone() == ("60",)
    assert catch_up(made.home).n_read == len(pages) - 60
    assert dump(made.home) == undisturbed
