"""How a node stands, as a process on it sees it."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest

from tlray.io.process.node_load import READ_EVERY_S, NodeGauge, memory_free

MACHINE = psutil.virtual_memory().total


def test_a_node_is_looked_at_once_in_a_while() -> None:
    gauge = NodeGauge("n1", now=100.0)
    assert gauge.read(100.1) is None
    reading = gauge.read(100.0 + READ_EVERY_S)
    assert reading is not None
    assert reading.node == "n1"
    assert reading.n_cores == psutil.cpu_count()
    assert 0 <= reading.busy_cores <= reading.n_cores
    assert 0 < reading.memory_free < 1
    assert gauge.read(100.1 + READ_EVERY_S) is None


@pytest.mark.parametrize(
    ("version", "limit", "used", "idle", "free"),
    [
        (2, "1000", 900, 300, 0.4),  # file pages that are not used can be had
        (1, "1000", 900, 300, 0.4),
        (2, "1000", 1_200, 0, 0.0),  # a limit that was lowered
        (2, "max", 900, 0, None),
        (1, str(2**63 - 4096), 900, 0, None),  # how version 1 says that there is none
    ],
)
def test_a_container_has_what_its_cgroup_leaves_it(
    tmp_path: Path, version: int, limit: str, used: int, idle: int, free: float | None
) -> None:
    v2 = version == 2
    folder = tmp_path if v2 else tmp_path / "memory"
    folder.mkdir(exist_ok=True)
    (folder / ("memory.max" if v2 else "memory.limit_in_bytes")).write_text(limit + "\n")
    (folder / ("memory.current" if v2 else "memory.usage_in_bytes")).write_text(f"{used}\n")
    stat = "inactive_file" if v2 else "total_inactive_file"
    (folder / "memory.stat").write_text(f"anon 5\n{stat} {idle}\n")
    if free is None:
        assert memory_free(tmp_path) == pytest.approx(memory_free(tmp_path / "none"), abs=0.05)
    else:
        assert memory_free(tmp_path) == pytest.approx(free)


def test_without_a_cgroup_the_machine_counts(tmp_path: Path) -> None:
    assert memory_free(tmp_path) == pytest.approx(psutil.virtual_memory().available / MACHINE, abs=0.05)
