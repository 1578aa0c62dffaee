"""What an open batch waits for, by the journal: cool-downs of its domains with their reasons, and very low rates."""

from __future__ import annotations

from typing import Any

from tlray.core.politeness.domain import DomainState
from tlray.io.disk.local_time import rest_text
from tlray.io.journal.reader import JournalReader
from tlray.io.journal.rows import BatchRow, Counts


def waits(
    journal: JournalReader, row: BatchRow, by_domain: Counts, *, wall: float
) -> dict[str, dict[str, Any]]:
    """Return domain → ``cooling_until`` and ``reason``, ``slow_because``; only domains at which a batch has open items.

    The words are those of a live snapshot (`tlray.core.scheduling.snapshot`).
    """
    found: dict[str, dict[str, Any]] = {}
    for name, states in by_domain.items():
        remembered = journal.domain(name) if any(not state.is_final for state in states) else None
        if remembered is None:
            continue
        told: dict[str, Any] = {}
        state = DomainState(name, row.options.politeness.policy(name), crawl_delay_s=remembered.crawl_delay_s)
        if state.slow_because is not None:
            told["slow_because"] = state.slow_because
        if remembered.cool_until is not None and remembered.cool_until > wall:
            told["cooling_until"], told["reason"] = remembered.cool_until, remembered.cool_reason or ""
        if told:
            found[name] = told
    return found


def waits_text(told: dict[str, Any], now: float) -> str:
    """Return one domain's waits in words; "" if there are none."""
    slow, reason = told.get("slow_because", ""), told.get("reason", "")
    words = [f"{rest_text(told['cooling_until'], now)} ({reason})"] if "cooling_until" in told else []
    return "; ".join(words + ([slow] if slow and slow != reason else []))
