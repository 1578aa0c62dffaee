"""What the many processes of a batch load: each pays for it in memory, on every node."""

import subprocess
import sys

import pytest


def _loaded_with(module: str) -> set[str]:
    code = f"import sys, {module}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize("module", ["tlray.cluster.workers.limiter", "tlray.cluster.workers.ray_ports"])
def test_limiters_and_tasks_load_neither_the_journal_nor_what_checks_options(module: str) -> None:
    loaded = _loaded_with(module)
    assert "tlray.core.scheduling.lease" in loaded
    assert not {"pydantic", "sqlite3", "tlray.io.journal", "tlray.core.scheduling.engine"} & loaded


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
