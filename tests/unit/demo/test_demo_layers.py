"""Does the demo stand on its own? A demo that used tlray's own code could not show that this is wrong."""

from __future__ import annotations

import ast
from pathlib import Path

import tlray.demo

FOLDER = Path(tlray.demo.__file__).parent


def imported(file: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
    return names


def test_the_demo_imports_nothing_of_tlray_but_itself_and_no_ray() -> None:
    for file in FOLDER.glob("*.py"):
        for name in imported(file):
            assert name.split(".")[0] != "ray", file.name
            assert not name.startswith("tlray") or name.startswith("tlray.demo"), (file.name, name)


def test_the_pages_are_made_without_a_socket_or_a_clock() -> None:
    serving = {"server", "wire", "listen", "arrivals", "__main__"}
    for file in FOLDER.glob("*.py"):
        if file.stem not in serving:
            assert not imported(file) & {"asyncio", "aiohttp", "socket", "time"}, file.name
