"""The documents say what the code does: diagrams, the table of cures, the settings."""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path

import pytest

from tlray.core.lifecycle import (
    BATCH_TRANSITIONS,
    ITEM_TRANSITIONS,
    BatchEvent,
    BatchState,
    ItemEvent,
    ItemState,
)
from tlray.core.outcome import OutcomeKind
from tlray.core.retry import RULES, Cure
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


@pytest.mark.parametrize("kind", OutcomeKind)
def test_the_table_of_cures_is_the_rules(kind: OutcomeKind) -> None:
    rule = RULES[kind]
    (row,) = re.findall(rf"^\| {kind.value} \|(.*)\|$", LIFECYCLE.split("## What follows")[1], re.MULTILINE)
    cure, wait, attempts, why = (cell.strip() for cell in row.split("|"))
    assert (cure, why) == (rule.cure.value, rule.why)
    assert wait == (f"{rule.base_s:g} s" if rule.cure in (Cure.RETRY, Cure.SNOOZE) else "–")
    if rule.cure is Cure.RETRY:
        assert attempts == (str(rule.max_attempts) if rule.max_attempts else "as the batch says")


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_is_documented_with_its_unit_and_reason(name: str) -> None:
    about = Settings.model_fields[name].description
    assert about, f"{name} has no docstring"
    written = (DOCS / "settings.md").read_text(encoding="utf-8")
    assert f"| `TLRAY_{name.upper()}` |" in written
    assert " ".join(about.split()) in written
