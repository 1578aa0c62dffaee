"""How are manners and retries kept with a batch? As JSON; what an older tlray wrote is read with today's defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from tlray.core.model.outcome import OutcomeKind
from tlray.core.politeness.policy import PolitenessOptions
from tlray.core.politeness.retry_policy import RetryChoices, RetryPolicy, RuleChange
from tlray.core.politeness.site_profile import politeness_key


def politeness_json(politeness: PolitenessOptions) -> dict[str, Any]:
    """Return plain JSON data."""
    return {
        "rates": {k: list(v) for k, v in politeness.rates.items()},
        "concurrency": dict(politeness.concurrency),
        "crawl_delay_ignored": sorted(politeness.crawl_delay_ignored),
        "block_cool_down_s": politeness.block_cool_down_s,
        "block_cool_downs": dict(politeness.block_cool_downs),
    }


def politeness_of(data: Mapping[str, Any]) -> PolitenessOptions:
    """Read what `politeness_json` wrote."""
    return PolitenessOptions(
        rates={politeness_key(k): (v[0], v[1]) for k, v in data["rates"].items()},
        concurrency={politeness_key(k): n for k, n in data["concurrency"].items()},
        crawl_delay_ignored=frozenset(politeness_key(k) for k in data["crawl_delay_ignored"]),
        block_cool_down_s=data["block_cool_down_s"],
        block_cool_downs=data.get("block_cool_downs", {}),
    )


def retry_json(retry: RetryPolicy) -> dict[str, Any]:
    """Return plain JSON data."""
    return {
        "max_attempts": retry.max_attempts,
        "max_snooze_s": retry.max_snooze_s,
        "changes": _changes_json(retry.changes),
        "by_domain": {
            unit: {
                "max_attempts": choices.max_attempts,
                "max_snooze_s": choices.max_snooze_s,
                "changes": _changes_json(choices.changes),
            }
            for unit, choices in retry.by_domain.items()
        },
    }


def retry_of(data: Mapping[str, Any]) -> RetryPolicy:
    """Read what `retry_json` wrote."""
    by_domain = {
        unit: RetryChoices(said["max_attempts"], said["max_snooze_s"], _changes_of(said["changes"]))
        for unit, said in data.get("by_domain", {}).items()
    }
    return RetryPolicy(
        data["max_attempts"], data["max_snooze_s"], _changes_of(data.get("changes", {})), by_domain
    )


def _changes_json(changes: Mapping[OutcomeKind, RuleChange]) -> dict[str, Any]:
    return {kind.value: asdict(change) for kind, change in changes.items()}


def _changes_of(data: Mapping[str, Any]) -> dict[OutcomeKind, RuleChange]:
    return {OutcomeKind(kind): RuleChange(**change) for kind, change in data.items()}
