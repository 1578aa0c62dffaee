"""Problems of a list that breaks a rule of submission: every faulty line and its place in the request."""

from __future__ import annotations

from typing import Final

from tlray.core.submission.lines import Chunk
from tlray.core.submission.rules import ContactMissing, NoGoodLine, require_good_line
from tlray.service.http.problems import ProblemError, validation
from tlray.service.http.validation_errors import MAX_FAULTS_SHOWN
from tlray.service.submission.permissions import list_rules
from tlray.settings import Settings

OF_URLS: Final = "body.urls"
"""A list in JSON …"""
OF_LINES: Final = "body"
"""… as lines …"""
OF_TEMPLATE: Final = "body.template"
"""… or from a template."""
_EMPTY: Final = {
    OF_URLS: "no URL; give one or more, or a template",
    OF_LINES: "no URL; send one per line",
}


def checked_list(chunk: Chunk, settings: Settings, place: str, *, first_line: int = 1) -> Chunk:
    """Apply the service's rules to a list or a chunk of it; 422 if a contact is missing."""
    try:
        return list_rules(settings).apply(chunk)
    except ContactMissing as error:
        raise validation([(_where(place, error.line, first_line), str(error))]) from None


def require_some_url(chunk: Chunk, place: str) -> None:
    """Raise a problem (422) for a list without a valid URL; it names the fault of each line."""
    try:
        require_good_line(chunk)
    except NoGoodLine as error:
        refused = error.refused
        if not refused:
            raise validation([(place, _EMPTY[place])]) from None
        faults = [(_where(place, line.line, 1), line.reason) for line in refused[:MAX_FAULTS_SHOWN]]
        more = f" (and {len(refused) - 1:,} more such lines)" if len(refused) > 1 else ""
        first, reason = faults[0]
        detail = f"no line is a URL that can be fetched: {first}, {refused[0].text[:80]!r}: {reason}{more}"
        raise ProblemError(422, detail, errors=faults) from None


def _where(place: str, line: int, first_line: int) -> str:
    if place == OF_LINES:
        return f"line {line}"
    return f"{place}.{line - first_line}" if place == OF_URLS else place
