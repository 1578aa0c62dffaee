"""What would become of a list, without making a batch of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tlray.core.submission.lines import MAX_TEXT_KEPT, Chunk, RefusedLine


@dataclass(frozen=True, slots=True)
class ListCheck:
    """The items that a list makes, and its lines that make none."""

    by_domain: Mapping[str, int]
    """Items of each domain, the most first."""
    duplicates: Sequence[RefusedLine]
    rejected: Sequence[RefusedLine]

    @property
    def total(self) -> int:
        """Items."""
        return sum(self.by_domain.values())

    def without_items(self, names: Sequence[str]) -> list[str]:
        """Return those of ``names`` at which the list has no item, neither at that domain nor at any port of that host."""
        return [
            name
            for name in names
            if name not in self.by_domain
            and not any(domain.startswith(f"{name}:") for domain in self.by_domain)
        ]


def check_list(chunk: Chunk) -> ListCheck:
    """Count a list as a journal that has nothing else would take it in."""
    first_lines: dict[str, int] = {}
    by_domain: Counter[str] = Counter()
    duplicates: list[RefusedLine] = []
    for entry in chunk.entries:
        first = first_lines.setdefault(entry.fingerprint, entry.line)
        if first == entry.line:
            by_domain[entry.domain] += 1
        else:
            text = entry.url[:MAX_TEXT_KEPT]
            duplicates.append(RefusedLine(entry.line, text, f"same page as line {first}", first))
    rejected = sorted(chunk.refused, key=lambda line: line.line)
    return ListCheck(dict(by_domain.most_common()), duplicates, rejected)
