"""The documents say what the code does: diagrams, the table of cures, the settings."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from enum import StrEnum
from pathlib import Path

import pytest

from tlray.core.model.lifecycle import (
    BATCH_TRANSITIONS,
    ITEM_TRANSITIONS,
    BatchEvent,
    BatchState,
    ItemEvent,
    ItemState,
)
from tlray.core.model.outcome import OutcomeKind
from tlray.core.politeness import requested_policy
from tlray.core.politeness.retry import RULES, RetryAction
from tlray.settings import Settings

DOCS = Path(__file__).parents[2] / "docs"
LIFECYCLE = (DOCS / "lifecycle.md").read_text(encoding="utf-8")
ITEMS, BATCHES = LIFECYCLE.split("## A batch")


@pytest.mark.parametrize(
    ("text", "table"),
    [(ITEMS, ITEM_TRANSITIONS), (BATCHES, BATCH_TRANSITIONS)],
    ids=["items", "batches"],
)
def test_a_diagram_is_its_table(text: str, table: dict[tuple[StrEnum, StrEnum], StrEnum]) -> None:
    drawn = re.findall(r"^ +(\w+) --> (\w+): ([\w-]+)$", text, re.MULTILINE)
    assert sorted(drawn) == sorted((a.value, b.value, e.value) for (a, e), b in table.items())


@pytest.mark.parametrize(
    ("text", "words"), [(ITEMS, [*ItemState, *ItemEvent]), (BATCHES, [*BatchState, *BatchEvent])]
)
def test_every_state_and_event_is_explained(text: str, words: list[StrEnum]) -> None:
    explained = {
        word for row in re.findall(r"^\| ([\w, -]+) \|", text, re.MULTILINE) for word in row.split(", ")
    }
    assert {word.value for word in words} <= explained


def test_every_outcome_has_a_rule() -> None:
    assert set(RULES) == set(OutcomeKind)


def cures() -> list[str]:
    """The table of `RULES` as it is to stand in the document; what may be set in ``domains.toml`` are its numbers."""
    lines = [
        "| outcome | cure | first wait | longest wait | attempts at most | because |",
        "|---|---|---|---|---|---|",
    ]
    for kind, rule in RULES.items():
        waits = rule.action in (RetryAction.RETRY, RetryAction.SNOOZE)
        base, cap = (f"{rule.base_s:g} s", f"{rule.cap_s:g} s") if waits else ("–", "–")
        attempts = str(rule.max_attempts or "as the batch says") if rule.action is RetryAction.RETRY else "–"
        lines.append(f"| {kind.value} | {rule.action.value} | {base} | {cap} | {attempts} | {rule.reason} |")
    return lines


def test_the_table_of_cures_is_the_rules() -> None:
    written = [line for line in LIFECYCLE.split("## What follows")[1].splitlines() if line.startswith("|")]
    assert written == cures(), "write there:\n" + "\n".join(cures())


def test_every_key_of_the_domains_file_is_documented() -> None:
    text = (DOCS / "politeness.md").read_text(encoding="utf-8")
    for key in (*requested_policy._DOMAIN_KEYS, *requested_policy._RETRY_KEYS):
        assert re.search(rf"^\| `{key}`", text, re.MULTILINE) or f"`{key}`" in text, key


def test_the_file_that_the_document_shows_is_a_good_one() -> None:
    text = (DOCS / "politeness.md").read_text(encoding="utf-8")
    (shown,) = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    assert requested_policy.read_tables(tomllib.loads(shown), of="docs").by_domain


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_is_documented_with_its_unit_and_reason(name: str) -> None:
    about = Settings.model_fields[name].description
    assert about, f"{name} has no docstring"
    written = (DOCS / "settings.md").read_text(encoding="utf-8")
    assert f"| `TLRAY_{name.upper()}` |" in written
    assert " ".join(about.split()) in written


NAMED = re.findall(
    r"\[`(\w+(?:\.\w+)?)`\]\((\.\./tlray/[\w/]+\.py)\)",
    (DOCS / "architecture.md").read_text(encoding="utf-8"),
)
SCREEN = 60
Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def definition(module: Path, name: str) -> Definition:
    """Return what a module defines: a class, a function, or ``Class.method``."""
    scope: list[ast.stmt] = ast.parse(module.read_text(encoding="utf-8")).body
    for part in name.split("."):
        found = next(node for node in scope if isinstance(node, Definition) and node.name == part)
        scope = found.body
    return found


def test_the_architecture_names_functions() -> None:
    assert len(NAMED) > 40


@pytest.mark.parametrize(("name", "target"), NAMED)
def test_a_function_that_the_architecture_names_exists_and_fits_a_screen(name: str, target: str) -> None:
    try:
        found = definition((DOCS / target).resolve(), name)
    except (StopIteration, FileNotFoundError):
        pytest.fail(f"docs/architecture.md names {name} in {target}; it is not there")
    if not isinstance(found, ast.ClassDef):
        assert (found.end_lineno or 0) - found.body[0].lineno < SCREEN


def test_every_benchmark_has_its_place() -> None:
    questions = (DOCS.parent / "benchmarks" / "questions.py").read_text(encoding="utf-8")
    names = re.findall(r'^    "(\w+)": \w+\.answer,$', questions, re.MULTILINE)
    performance = (DOCS / "performance.md").read_text(encoding="utf-8")
    assert len(names) > 10
    assert [name for name in names if f"<!-- benchmarks: {name} -->" not in performance] == []


def test_every_benchmark_can_be_started() -> None:
    asked = [sys.executable, "-m", "benchmarks", "--help"]
    help_ = subprocess.run(asked, cwd=DOCS.parent, capture_output=True, text=True, check=False)
    assert help_.returncode == 0, help_.stderr
    assert "--quick" in help_.stdout
