"""What the many processes of a batch load: each pays for it in memory, on every node."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize("module", ["tlray.cluster.workers.limiter", "tlray.cluster.workers.ray_ports"])
def test_limiters_and_tasks_load_neither_the_journal_nor_what_checks_options(module: str) -> None:
    code = f"import sys, {module}; print(*sys.modules)"
    loaded = set(
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout.split()
    )
    assert "tlray.core.scheduling.lease" in loaded
    assert not {"pydantic", "sqlite3", "tlray.io.journal", "tlray.core.scheduling.engine"} & loaded
