"""The rows that go into the journal and come out of it, as plain records."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

from tlray.core.model.item import Priority
from tlray.core.model.lifecycle import BatchState, ItemState
from tlray.core.politeness.policy import PolitenessOptions
from tlray.core.politeness.retry_policy import RetryPolicy
from tlray.core.scheduling.batch_config import BatchConfig
from tlray.io.journal.options_json import politeness_json, politeness_of, retry_json, retry_of

SCHEMA_VERSION = "3"
"""Of the journal's tables."""


class Entry(NamedTuple):
    """One line of a list that is a good URL; a tuple, because a long list is pickled in a third of the time."""

    line: int
    url: str
    domain: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class RefusedLine:
    """One line of a list that made no item: rejected, or a duplicate of ``first_line``."""

    line: int
    text: str
    reason: str
    first_line: int | None = None


@dataclass(frozen=True, slots=True)
class BatchOptions:
    """What the user asked for with a batch; kept with it as JSON."""

    politeness: PolitenessOptions = field(default_factory=PolitenessOptions)
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    keeps_pages: bool = True
    fresh_for_s: float = 0.0
    """Results of other batches that are no older answer an item; 0: every page is fetched."""
    networks: tuple[str, ...] | None = None
    """The networks (CIDRs) besides public addresses that are fetched from; None: any that the user names."""
    not_before: float | None = None
    """Nothing of it begins before; epoch seconds."""
    webhook: str | None = None
    """Who is told of its end, of dead letters and of blocks, by a POST."""
    email: str | None = None
    """… and by mail."""
    named: tuple[str, ...] = ()
    """The domains that its submitter named, the operator's file aside."""
    terms: BatchConfig | None = None
    """In whose name it is fetched, and within what limits; None for a batch that was written before there were terms: it has
    those of the coordinator."""

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON data."""
        return {
            **politeness_json(self.politeness),
            "retry": retry_json(self.retry),
            "keeps_pages": self.keeps_pages,
            "fresh_for_s": self.fresh_for_s,
            "networks": None if self.networks is None else list(self.networks),
            "not_before": self.not_before,
            "webhook": self.webhook,
            "email": self.email,
            "named": list(self.named),
            "terms": None if self.terms is None else asdict(self.terms),
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> BatchOptions:
        """Read what `to_json` wrote."""
        networks, terms = data.get("networks"), data.get("terms")
        return cls(
            politeness_of(data),
            retry_of(data["retry"]),
            data["keeps_pages"],
            data.get("fresh_for_s", 0.0),
            None if networks is None else tuple(networks),
            data.get("not_before"),
            data.get("webhook"),
            data.get("email"),
            tuple(data.get("named", ())),
            None if terms is None else BatchConfig(**terms),
        )


@dataclass(frozen=True, slots=True)
class BatchRow:
    """One batch, as the journal has it."""

    id: int
    batch_id: str
    name: str
    state: BatchState
    priority: Priority
    options: BatchOptions
    created_at: float
    finished_at: float | None
    n_duplicates: int
    n_rejected: int
    n_sets: int
    n_tracks: int
    n_retries: int
    n_blocked: int
    elapsed_s: float
    is_dormant: bool
    n_answered: int = 0
    owner: str = ""
    """Whose it is; "" where nobody is asked."""
    counts: dict[ItemState, int] | None = None
    """Items by state, as they were when it was finished."""
    version: int = 1
    """Of its last snapshot, when it was finished."""


@dataclass(frozen=True, slots=True)
class DomainRow:
    """What is remembered of a domain."""

    name: str
    robots_text: str | None
    robots_at: float | None
    crawl_delay_s: float | None
    cool_until: float | None
    cool_reason: str | None
    n_blocks: int
    last_fetch_at: float | None


@dataclass(frozen=True, slots=True)
class PartRow:
    """One line of the manifest."""

    stem: str
    batch_id: str
    n_sets: int
    n_tracks: int
    n_bytes: int
    has_rows: bool
    has_pages: bool


Counts = dict[str, dict[ItemState, int]]
"""Domain → state → items."""
