"""Problems of a list without a URL that may be fetched: every faulty line and its place in the request."""

from __future__ import annotations

from typing import Final

from tlray.io.intake.url_list import CONTACT_BY_OPERATOR, Chunk, needs_contact
from tlray.service.http.problems import ProblemError, validation
from tlray.service.http.validation_errors import MAX_FAULTS_SHOWN
from tlray.settings import Settings

OF_URLS: Final = "body.urls"
"""A list in JSON …"""
OF_LINES: Final = "body"
"""… as lines …"""
OF_TEMPLATE: Final = "body.template"
"""… or as a template says."""
_EMPTY: Final = {
    OF_URLS: "no URL; give one or more, or a template",
    OF_LINES: "no URL; send one per line",
}


def require_contact(chunk: Chunk, settings: Settings, place: str, *, first_line: int = 1) -> None:
    """Raise a problem (422) for a list with a public host if the service has no contact."""
    if settings.contact is None and (domain := needs_contact(chunk.entries)) is not None:
        line = next(entry.line for entry in chunk.entries if entry.domain == domain)
        where = _where(place, line, first_line)
        raise validation([(where, f"{domain} is a public host: {CONTACT_BY_OPERATOR}")])


def require_some_url(chunk: Chunk, place: str) -> None:
    """Raise a problem (422) for a list without a valid URL."""
    if chunk.entries:
        return
    if not chunk.refused:
        raise validation([(place, _EMPTY[place])])
    refused = sorted(chunk.refused, key=lambda line: line.line)
    faults = [(_where(place, line.line, 1), line.reason) for line in refused[:MAX_FAULTS_SHOWN]]
    where, what = faults[0]
    more = f" (and {len(refused) - 1:,} more such lines)" if len(refused) > 1 else ""
    detail = f"no line is a URL that can be fetched: {where}, {refused[0].text[:80]!r}: {what}{more}"
    raise ProblemError(422, detail, errors=faults)


def _where(place: str, line: int, first_line: int) -> str:
    if place == OF_LINES:
        return f"line {line}"
    return f"{place}.{line - first_line}" if place == OF_URLS else place
