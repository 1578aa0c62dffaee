"""The words of the page: each state with its glyph, kinds of outcomes in words, and the sentence that says how a batch stands."""

from __future__ import annotations

from typing import Any, Final

from markupsafe import Markup

from tlray.core.model.outcome import OutcomeKind
from tlray.core.politeness.dead_kind import OTHER, REDIRECT, ROBOTS_UNREACHABLE
from tlray.core.politeness.domain import PARKED

ITEM_WORDS: Final = {
    "queued": "queued",
    "waiting": "waiting",
    "leased": "in flight",
    "succeeded": "done",
    "dead": "dead",
    "skipped": "skipped",
    "cancelled": "cancelled",
}
BATCH_WORDS: Final = {
    "receiving": "receiving",
    "scheduled": "scheduled",
    "running": "running",
    "paused": "paused",
    "cancelling": "cancelling",
    "cancelled": "cancelled",
    "completed": "done",
}
GLYPHS: Final = {
    "queued": "queued", "waiting": "clock", "leased": "flight", "succeeded": "check", "dead": "cross", "skipped": "dash",
    "cancelled": "dash", "receiving": "flight", "scheduled": "clock", "running": "flight", "paused": "pause",
    "cancelling": "dash", "completed": "check", "rests": "clock", "parked": "ban", "finished": "check", "robots": "ban",
}  # fmt: skip
TONES: Final = {
    "queued": "none", "waiting": "wait", "leased": "live", "succeeded": "done", "dead": "bad", "skipped": "off",
    "cancelled": "off", "receiving": "live", "scheduled": "wait", "running": "live", "paused": "wait", "cancelling": "off",
    "completed": "done", "rests": "wait", "parked": "bad", "finished": "done", "robots": "off",
}  # fmt: skip

KIND_WORDS: Final = {
    OutcomeKind.FETCHED: "fetched",
    OutcomeKind.REDIRECTED: "redirected",
    OutcomeKind.ANSWERED: "known already",
    OutcomeKind.NOT_BEGUN: "not begun",
    OutcomeKind.LISTED: "a page that lists sets",
    OutcomeKind.FOUND: "found on a page",
    OutcomeKind.GONE: "the page is gone",
    OutcomeKind.NOT_A_SET: "the page is no set",
    OutcomeKind.BLOCKED: "the site blocked us",
    OutcomeKind.UNREADABLE: "the page cannot be read",
    OutcomeKind.THROTTLED: "too many requests (429)",
    OutcomeKind.UNAVAILABLE: "the site was not available",
    OutcomeKind.FORBIDDEN: "the site refused (401, 403)",
    OutcomeKind.REFUSED_BY_SITE: "the site refused the request",
    OutcomeKind.TRUNCATED: "the page ended too soon",
    OutcomeKind.TOO_LARGE: "the page is too large",
    OutcomeKind.WRONG_TYPE: "no page, but another kind of file",
    OutcomeKind.BAD_ENCODING: "the page cannot be unpacked",
    OutcomeKind.TIMEOUT: "no answer in time",
    OutcomeKind.CONNECT: "no connection",
    OutcomeKind.DNS: "the host name is not known",
    OutcomeKind.TLS: "no secure connection",
    OutcomeKind.BAD_HTTP: "the answer is no HTTP",
    OutcomeKind.ROBOTS: "robots.txt forbids it",
    OutcomeKind.PRIVATE_ADDRESS: "a private address",
    OutcomeKind.CRASHED: "our parser failed",
}
OTHER_KINDS: Final = {
    PARKED: "the domain was given up",
    REDIRECT: "a redirect leads nowhere",
    ROBOTS_UNREACHABLE: "robots.txt cannot be read",
    OTHER: "another reason",
}
"""Kinds of dead letters that are no outcome of the item's own."""
NO_USE: Final = frozenset(
    {
        OutcomeKind.GONE, OutcomeKind.NOT_A_SET, OutcomeKind.ROBOTS, OutcomeKind.PRIVATE_ADDRESS, OutcomeKind.WRONG_TYPE,
        OutcomeKind.TOO_LARGE, OutcomeKind.DNS,
    }
)  # fmt: skip
"""Kinds that a retry does not change today."""
ADVICE: Final = {
    OutcomeKind.GONE: "The site has no such page any more. A retry changes nothing.",
    OutcomeKind.NOT_A_SET: "Another kind of page answers at this address. Check the URL.",
    OutcomeKind.BLOCKED: "Leave the site alone for a day; then retry.",
    OutcomeKind.UNREADABLE: "The page has less than it claims, or is not known yet. A newer tlray may read it (`tlray reparse`).",
    OutcomeKind.ROBOTS: "robots.txt forbids these pages, so they are not fetched. A retry changes nothing.",
    OutcomeKind.PRIVATE_ADDRESS: "This service fetches no private addresses (TLRAY_ALLOW_PRIVATE_HOSTS).",
    OutcomeKind.TIMEOUT: "The site was slow or down. A retry often helps.",
    OutcomeKind.CONNECT: "The site was down. A retry often helps.",
    OutcomeKind.UNAVAILABLE: "The site had a fault of its own. A retry often helps.",
    OutcomeKind.THROTTLED: "The site asked for more time than there was. A retry helps later.",
    OutcomeKind.FORBIDDEN: "The site shows these pages to some people only. A retry seldom helps.",
    OutcomeKind.DNS: "No such host. Check the URL.",
    OutcomeKind.CRASHED: "A bug of ours; the page is not archived. After an update a retry helps.",
}


def state(sprite: str, name: str, word: str | None = None) -> Markup:
    """Return a state as glyph and word."""
    shown = word or ITEM_WORDS.get(name) or BATCH_WORDS.get(name) or name
    return Markup('<span class="state t-{}">{}<span>{}</span></span>').format(
        TONES.get(name, "none"), glyph(sprite, GLYPHS.get(name, "queued")), shown
    )


def glyph(sprite: str, name: str) -> Markup:
    """Return an icon of the sprite."""
    return Markup('<svg class="glyph" aria-hidden="true"><use href="{}#{}"></use></svg>').format(sprite, name)


def kind_words(kind: str) -> str:
    """Return what a kind of outcome means."""
    return (
        KIND_WORDS.get(OutcomeKind(kind), kind) if kind in set(OutcomeKind) else OTHER_KINDS.get(kind, kind)
    )


def sentence(words: str) -> str:
    """Return words as the beginning of a sentence; the name of a file stays as it is written."""
    return words if words.startswith("robots.txt") else words[:1].upper() + words[1:]


def helps(kind: str) -> bool:
    """True if a retry may help."""
    return kind not in NO_USE


def advice(kind: str) -> str:
    """Return what to do about dead letters of a kind."""
    if kind == PARKED:
        return ADVICE[OutcomeKind.BLOCKED]
    known = ADVICE.get(OutcomeKind(kind)) if kind in set(OutcomeKind) else None
    return known or "A retry may help."


def done_of(counts: dict[str, int]) -> int:
    """Return how many items of a batch are final."""
    return sum(counts.get(name, 0) for name in ("succeeded", "dead", "skipped", "cancelled"))


def parts_of(counts: dict[str, int], total: int) -> list[dict[str, Any]]:
    """Return the parts of a batch's bar: name, tone, where it begins and how wide it is, in percent."""
    parts, x = [], 0.0
    for name in ("succeeded", "dead", "skipped", "cancelled", "leased", "waiting"):
        n = counts.get(name, 0)
        width = 100 * n / total if total else 0.0
        parts.append({"name": name, "tone": TONES[name], "x": round(x, 3), "width": round(width, 3), "n": n})
        x += width
    return parts
