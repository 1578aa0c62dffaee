# ruff: noqa: N818 - an error is named for what is wrong
"""Rules of a list: hosts that may be fetched from, a contact for public hosts, at least one good URL."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tlray.core.model.address_policy import ANY_NAMED, AddressPolicy
from tlray.core.model.file_source import FILE_DOMAIN
from tlray.core.model.hosts import is_public_host
from tlray.core.model.urls import host_of
from tlray.core.submission.lines import MAX_TEXT_KEPT, Chunk, Entry, RefusedLine
from tlray.errors import UsageError

CONTACT_BY_OPTION = "say who fetches from it, with --contact you@example.org or TLRAY_CONTACT"
CONTACT_BY_OPERATOR = "the operator of the service must say who fetches from it (TLRAY_CONTACT)"
"""What to do about a missing contact: on a command line, and for users of a service."""


class ContactMissing(UsageError):
    """A list has a public host, and nobody is named who fetches from it."""

    def __init__(self, domain: str, line: int, hint: str) -> None:
        super().__init__(domain, line, hint)

    @property
    def line(self) -> int:
        """The line of the first such host."""
        return int(self.args[1])

    def __str__(self) -> str:
        return f"{self.args[0]} is a public host: {self.args[2]}"


class NoGoodLine(UsageError):
    """A list is empty, or none of its lines is a URL that can be fetched; the refused ones are sorted."""

    def __init__(self, refused: tuple[RefusedLine, ...], hint: str = "") -> None:
        super().__init__(refused, hint)

    @property
    def refused(self) -> tuple[RefusedLine, ...]:
        """The lines, each with its reason."""
        lines: tuple[RefusedLine, ...] = self.args[0]
        return lines

    def __str__(self) -> str:
        refused, hint = self.args
        if not refused:
            return f"no URL given; give URLs, a file with one URL a line, or - for stdin{hint}"
        first = refused[0]
        more = f" (and {len(refused) - 1:,} more such lines)" if len(refused) > 1 else ""
        text = f"line {first.line}, {first.text[:80]!r}: {first.reason}{more}"
        return f"no line is a URL that can be fetched: {text}{hint}"


@dataclass(frozen=True, slots=True)
class ListRules:
    """The rules of one submitter."""

    contact: str | None
    """Whom a site can reach about the fetches."""
    hosts: AddressPolicy = ANY_NAMED
    """The hosts that are fetched from, as far as their spelling tells. The addresses of names are checked by the fetch."""
    hint: str = CONTACT_BY_OPTION

    def apply(self, chunk: Chunk) -> Chunk:
        """Return the chunk with the lines of other hosts among the refused; `ContactMissing` where a contact is needed."""
        return Chunk.of((*chunk.refused, *self._checked(chunk.entries)))

    def _checked(self, entries: list[Entry]) -> Iterator[Entry | RefusedLine]:
        reasons: dict[str, str | None] = {}
        for entry in entries:
            if entry.domain not in reasons:
                reasons[entry.domain] = self._check(entry)
            reason = reasons[entry.domain]
            yield entry if reason is None else RefusedLine(entry.line, entry.url[:MAX_TEXT_KEPT], reason)

    def _check(self, entry: Entry) -> str | None:
        """Return why the host of an entry is refused; None if it is fetched from."""
        if entry.domain == FILE_DOMAIN:
            return None
        host = host_of(entry.domain)
        if (reason := self.hosts.refusal_of_submitted(host)) is not None:
            return f"private-address: {reason}"
        if self.contact is None and is_public_host(host):
            raise ContactMissing(entry.domain, entry.line, self.hint)
        return None


def require_good_line(chunk: Chunk, hint: str = "") -> None:
    """Raise `NoGoodLine` unless an item can be made of a chunk."""
    if not chunk.entries:
        raise NoGoodLine(tuple(sorted(chunk.refused, key=lambda line: line.line)), hint)
