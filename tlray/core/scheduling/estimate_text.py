"""The words for an estimate that is missing: the page and the terminal say the same."""

from __future__ import annotations

from typing import Final

from tlray.core.model.progress import Snapshot
from tlray.core.scheduling.eta import NoEstimate

WORDS: Final = {
    NoEstimate.MATCHING: "what is known already is being looked up",
    NoEstimate.PAUSED_DOMAIN: "{domain} is paused by an admin",
    NoEstimate.NO_PAGE_YET: "no page has come back yet",
}


def missing_words(status: Snapshot) -> str:
    """Return why a batch has no estimate, in words; "" where it has one, or where its reason is not known here."""
    missing = status.get("estimate_missing")
    if missing not in set(NoEstimate):
        return ""
    return WORDS[NoEstimate(missing)].format(domain=status.get("estimate_waits_on") or "a site")
