"""How do the answers get into docs/performance.md, and all runs into a JSON file?"""

from __future__ import annotations

import json
import os
import platform
import re
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil

from benchmarks.figures import Answer

DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "performance.md"
RUNS = Path(__file__).resolve().parent / "results" / "last.json"
_BEGIN, _END = "<!-- benchmarks: {name} -->", "<!-- end of {name} -->"
_PROGRAMS = ("ray", "aiohttp", "selectolax", "pyarrow", "scrapy", "parsel")


def write(answers: dict[str, Answer], *, quick: bool, document: Path = DOCUMENT, runs: Path = RUNS) -> None:
    """Put every answer between its markers; questions that were not asked keep theirs."""
    machine = describe_machine()
    text = document.read_text(encoding="utf-8")
    for name, answer in answers.items():
        begin, end = _BEGIN.format(name=name), _END.format(name=name)
        pattern = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.DOTALL)
        if not pattern.search(text):
            raise SystemExit(
                f"{document.name} has no place for {name!r}: add the line {begin} and the line {end}"
            )
        text = pattern.sub(
            lambda _, begin=begin, end=end, answer=answer: (
                f"{begin}\n{_section(answer, machine, quick)}\n{end}"
            ),
            text,
        )
    document.write_text(text, encoding="utf-8")
    kept = json.loads(runs.read_text(encoding="utf-8")) if runs.exists() else {}
    kept |= {name: {"machine": machine, "quick": quick, **asdict(answer)} for name, answer in answers.items()}
    runs.parent.mkdir(exist_ok=True)
    runs.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def describe_machine() -> dict[str, Any]:
    """Return what the figures were measured on; nothing that tells whose machine it is."""
    return {
        "measured_on": f"{datetime.now(UTC):%Y-%m-%d}",
        "cores": os.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 2**30),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in _PROGRAMS},
    }


def _section(answer: Answer, machine: dict[str, Any], quick: bool) -> str:
    versions = ", ".join(f"{name} {number}" for name, number in machine["versions"].items())
    what = "a quick run, " if quick else ""
    of_machine = f"{machine['cores']} shared cores, {machine['memory_gb']} GB"
    told = [
        answer.table(),
        f"*{machine['measured_on']}, {what}{of_machine}, Python {machine['python']}, {versions}.*",
        "\n".join(f"- {note}" for note in answer.notes),
    ]
    return "\n\n".join(part for part in told if part)
