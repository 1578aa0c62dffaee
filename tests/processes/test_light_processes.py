"""What the many processes of a batch load: each pays for it in memory, on every node."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SHARED = Path(__file__).parents[1] / "shared"


def _loaded_with(module: str) -> set[str]:
    code = f"import sys, {module}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


PARTS_IN_A_WORKER = """
import sys
from pathlib import Path
from made_parts import BATCH, a_set
from tlray.cluster.workers.task_setup import set_up
from tlray.io.disk.home import Home
from tlray.io.results.compaction import merge
from tlray.io.results.open_store import open_store
from tlray.io.results.part_writer import stage

store = open_store(Home(Path(sys.argv[1])).create())
with set_up():
    for stem in ("p1", "p2"):
        stage(store, BATCH, stem, [a_set(1), a_set(2)], b"")
        store.publish(BATCH, stem)
    merge(store, BATCH, ("p1", "p2"), "p3")
print("pandas" in sys.modules)

import pyarrow as pa
print(pa.table({"a": [1.5, None]}).to_pandas()["a"].isna().tolist())
import pandas as pd
frame = pd.DataFrame({"a": pd.Categorical(["x", "y"]), "b": [1.0, float("nan")]})
table = pa.Table.from_pandas(frame)
print(table["b"].null_count, pa.array(frame["b"]).null_count, pa.types.is_dictionary(table["a"].type))
"""


def test_a_worker_makes_and_merges_parts_without_pandas_and_has_it_where_a_frame_is_wanted(
    tmp_path: Path,
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PARTS_IN_A_WORKER, str(tmp_path / "home")],
        capture_output=True, text=True, check=True, env={**os.environ, "PYTHONPATH": str(SHARED)},
    )  # fmt: skip
    assert done.stdout.splitlines() == ["False", "[False, True]", "1 1 True"]


@pytest.mark.parametrize(
    ("module", "heavy"),
    [
        (
            "tlray.cluster.driver.coordinator_actor",
            {"pyarrow", "numpy", "pandas", "redis", "aiohttp", "psycopg"},
        ),
        ("tlray.service.app", {"pandas", "redis", "psycopg", "aio_pika"}),
        ("tlray.cli", {"ray", "pyarrow", "numpy", "pandas", "redis", "aiohttp", "psycopg", "psutil"}),
    ],
)
def test_what_lives_long_or_starts_often_loads_no_library_before_it_is_used(
    module: str, heavy: set[str]
) -> None:
    assert not heavy & _loaded_with(module)


@pytest.mark.parametrize("module", ["tlray.cluster.workers.limiter", "tlray.cluster.workers.ray_ports"])
def test_limiters_and_tasks_load_neither_the_journal_nor_what_checks_options(module: str) -> None:
    loaded = _loaded_with(module)
    assert "tlray.core.scheduling.lease" in loaded
    assert not {"pydantic", "sqlite3", "tlray.io.journal", "tlray.core.scheduling.engine"} & loaded
