"""The package of docs/extending.md, installed: found by commands of the command line, each a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from extending import SHOW, install

CHECK = """
import sys
from pathlib import Path
from tlray.core.politeness.policy import PolitenessOptions, politeness_key
from tlray.export.formats import get
from tlray.io.export.files import write
from tlray.sites.registry import for_url, parse_page
assert for_url("https://www.pier.example/show/9").name == "pier"
assert for_url("https://1001.tl/abc").name == "1001tracklists"
assert (PolitenessOptions().policy("pier.example").rate, politeness_key("www.pier.example")) == (0.5, "pier.example")
lines = get("lines")
page = parse_page(Path(sys.argv[1]).read_bytes())
write(page.tracklists, lines, Path(sys.argv[2]), lines.chosen({"mark": "by"}))
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return install(tmp_path_factory.mktemp("pier"))


def run(installed: Path, *arguments: str) -> str:
    env = {**os.environ, "PYTHONPATH": str(installed)}
    done = subprocess.run(
        [sys.executable, *arguments], env=env, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_command_line_finds_its_parser(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "show.html").write_bytes(SHOW)
    line = json.loads(run(installed, "-m", "tlray", "parse", str(tmp_path / "show.html")))
    (show,) = line["tracklists"]
    assert (line["kind"], show["site"], show["title"], show["parser"]) == (
        "tracklist",
        "pier",
        "Show 9",
        "pier/1",
    )
    assert [track["text"] for track in show["tracks"]] == ["Oto - Tide", "Mira - Ebb"]


def test_its_format_its_options_and_its_profile_are_found(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "show.html").write_bytes(SHOW)
    run(installed, "-c", CHECK, str(tmp_path / "show.html"), str(tmp_path / "out.txt"))
    assert (tmp_path / "out.txt").read_text() == "Oto by Tide\nMira by Ebb\n"
