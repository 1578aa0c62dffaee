"""The kind of a dead letter, read from its reason, and whether a retry helps.

A reason begins with the kind of the last outcome (`tlray.core.scheduling.decide`), or with the words of an end that no outcome
of the item's own has made.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

from tlray.core.model.outcome import OutcomeKind
from tlray.core.politeness.domain import PARKED

REDIRECT: Final = "redirect"
ROBOTS_UNREACHABLE: Final = "robots-unreachable"
OTHER: Final = "other"
_KINDS: Final = frozenset(kind.value for kind in OutcomeKind) | {PARKED}
_BEGINNINGS: Final = (
    ("redirected ", REDIRECT),
    ("robots.txt cannot", ROBOTS_UNREACHABLE),
    ("kills its ", OutcomeKind.CRASHED.value),
    ("its robots.txt kills", OutcomeKind.CRASHED.value),
)


class RetryHelp(NamedTuple):
    """The use of a retry for one kind."""

    helps: Literal["yes", "later", "maybe", "no"]
    hint: str
    """What it depends on, in words; "" where there is nothing to add."""


def kind_of(reason: str | None) -> str:
    """Return the kind of a dead letter: an `OutcomeKind`, or ``parked``, ``redirect``, ``robots-unreachable``, ``other``."""
    word = (reason or "").partition(":")[0]
    if word in _KINDS:
        return word
    return next((kind for words, kind in _BEGINNINGS if word.startswith(words)), OTHER)


_K = OutcomeKind
_YES: Final = RetryHelp("yes", "")
_NO: Final = RetryHelp("no", "")
_LATER: Final = RetryHelp("later", "the site asks for fewer requests; leave it alone for a day")
_HELP: Final[Mapping[str, RetryHelp]] = {
    **dict.fromkeys(
        (_K.TIMEOUT, _K.CONNECT, _K.UNAVAILABLE, _K.TRUNCATED, _K.BAD_HTTP, _K.BAD_ENCODING, ROBOTS_UNREACHABLE), _YES
    ),
    **dict.fromkeys((_K.BLOCKED, _K.THROTTLED, PARKED), _LATER),
    _K.DNS: RetryHelp("maybe", "if the URL is right"),
    _K.UNREADABLE: RetryHelp("no", "after an update of tlray, reparse reads the archived pages without a fetch"),
    _K.CRASHED: RetryHelp("no", "a bug of tlray: report it; retry after an update, for such a page is not archived"),
    _K.PRIVATE_ADDRESS: RetryHelp("no", "only the operator may allow the address"),
    OTHER: RetryHelp("maybe", ""),
}  # fmt: skip


def retry_help(kind: str) -> RetryHelp:
    """Return whether a retry of dead letters of a kind helps."""
    return _HELP.get(kind, _NO)
