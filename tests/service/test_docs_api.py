"""Each example of docs/api.md works: the shell's in one shell, Python's in one process, in the order of the page."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT, Service, Site

from tlray.service.problems import _OF

pytestmark = pytest.mark.ray
PAGE = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")


def examples(language: str) -> str:
    return "\n".join(re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))


@pytest.fixture
def place(tmp_path: Path, site: Site) -> Path:
    """A folder with the list that the examples read."""
    (tmp_path / "urls.txt").write_text("\n".join(site.urls()) + "\n", encoding="utf-8")
    return tmp_path


def run(service: Service, place: Path, *command: str) -> str:
    env = {**os.environ, "TLRAY": service.url}
    ended = subprocess.run(
        command, capture_output=True, text=True, cwd=place, env=env, timeout=120, check=False
    )
    assert ended.returncode == 0, ended.stdout[-2000:] + ended.stderr[-2000:]
    return ended.stdout


def test_the_examples_for_a_shell_work(service: Service, place: Path) -> None:
    if shutil.which("curl") is None:
        pytest.skip("there is no curl here")
    said = run(service, place, "bash", "-euc", examples("sh"))
    assert '"n_rejected":1' in said
    assert (place / "tracks.csv").read_text(encoding="utf-8").count("\n") > 20


def test_the_examples_for_python_work(service: Service, place: Path, site: Site) -> None:
    said = run(service, place, sys.executable, "-W", "error", "-c", examples("python"))
    assert said.startswith("completed")
    assert f"{len(site.urls())} 0" in said


def test_every_kind_of_error_is_in_the_table() -> None:
    table = dict(re.findall(r"^\| (\d{3}) \| (.*?) \|", PAGE, re.MULTILINE))
    for _, status, kind in _OF:
        if status not in (500, 503):
            assert f"`{kind}`" in table[str(status)], kind
