"""Each example of docs/api.md works: the shell's in one shell, Python's in one process, in the order of the page."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from closed import closed_service
from conftest import ROOT, Service, Site

from tlray.service.http.problems import STATUS_OF, ProblemError

pytestmark = pytest.mark.ray
PAGE = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")


def examples(kind: str) -> str:
    return "\n".join(re.findall(rf"^```{kind}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))


@pytest.fixture
def place(tmp_path: Path, site: Site) -> Path:
    """A folder with the list that the examples read."""
    (tmp_path / "urls.txt").write_text("\n".join(site.urls()) + "\n", encoding="utf-8")
    return tmp_path


def run(url: str, place: Path, *command: str, **more_env: str) -> str:
    env = {**os.environ, "TLRAY": url, **more_env}
    ended = subprocess.run(
        command, capture_output=True, text=True, cwd=place, env=env, timeout=120, check=False
    )
    assert ended.returncode == 0, ended.stdout[-2000:] + ended.stderr[-2000:]
    return ended.stdout


def test_the_examples_for_a_shell_work(service: Service, place: Path) -> None:
    if shutil.which("curl") is None:
        pytest.skip("there is no curl here")
    said = run(service.url, place, "bash", "-euc", examples("sh"))
    assert '"n_rejected":1' in said
    assert (place / "tracks.csv").read_text(encoding="utf-8").count("\n") > 20


def test_the_examples_for_python_work(service: Service, place: Path, site: Site) -> None:
    said = run(service.url, place, sys.executable, "-W", "error", "-c", examples("python"))
    assert said.startswith("completed")
    assert f"{len(site.urls())} 0" in said


def test_the_examples_with_a_token_work(
    service: Service, place: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    if shutil.which("curl") is None:
        pytest.skip("there is no curl here")
    with closed_service(tmp_path_factory.mktemp("closed"), service) as closed:
        script = examples("sh token")
        said = run(closed.url, place, "bash", "-euc", script, TLRAY_TOKEN=closed.tokens["root"])
    assert '"user":"grace"' in said
    assert '"expires_in_s"' in said


def test_there_is_an_example_with_curl_for_every_call(service: Service) -> None:
    """A call of the document is one of the page: the method, and a path that fits."""
    shown = set()
    commands = re.findall(r"\bcurl (?:[^\n]*\\\n)*[^\n]*", examples("sh") + examples("sh token"))
    for command in commands:
        path = re.search(r'"\$TLRAY(/[^"?]*)', command)
        assert path, command
        method = re.search(r"-X ([A-Z]+)", command)
        sends = re.search(r" (?:-d|--data-binary) ", command)
        shown.add((method[1] if method else "POST" if sends else "GET", path[1]))
    missing = []
    for path, calls in httpx.get(f"{service.url}/openapi.json").json()["paths"].items():
        fits = re.compile(re.sub(r"\\{\w+\\}", r"[^/]+", re.escape(path)))
        missing += [
            f"{method.upper()} {path}"
            for method in calls
            if not any(m == method.upper() and fits.fullmatch(p) for m, p in shown)
        ]
    assert missing == []


def test_every_kind_of_error_is_in_the_table() -> None:
    table = dict(re.findall(r"^\| (\d{3}) \| (.*?) \|", PAGE, re.MULTILINE))
    for _, status in STATUS_OF:
        if status not in (500, 503):
            kind = ProblemError(status, "").kind
            assert f"`{kind}`" in table[str(status)], status
