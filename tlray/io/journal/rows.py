"""Rows of a journal: batches, items, attempts, domains and parts, as plain records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from tlray.core.model.item import Priority
from tlray.core.model.lifecycle import BatchState, ItemState
from tlray.core.politeness.dead_kind import kind_of
from tlray.core.politeness.override import NO_OVERRIDE, DomainOverride
from tlray.core.politeness.policy import PolitenessOptions
from tlray.core.politeness.retry_policy import RetryPolicy
from tlray.core.politeness.site_profile import politeness_key
from tlray.core.scheduling.batch_config import BatchConfig
from tlray.core.submission.lines import RefusedLine

if TYPE_CHECKING:
    from pydantic import TypeAdapter

VERSIONS_PER_LIFE = 10_000_000_000
"""Progress versions of a coordinator's life begin at its number times this. A batch changes less often in one life, and a JSON
reader that has only floats tells 900,000 lives apart."""


@dataclass(frozen=True, slots=True)
class Pause:
    """The last pause of a batch."""

    by: str
    """The user; "" where nobody is asked."""
    at: float
    """Epoch seconds."""


@dataclass(frozen=True, slots=True)
class BatchOptions:
    """The options that a batch was submitted with, and what was noted of it since; stored as JSON."""

    politeness: PolitenessOptions = field(default_factory=PolitenessOptions)
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    keeps_pages: bool = True
    fresh_for_s: float = 0.0
    """Results of other batches up to this age are reused; 0: every page is fetched."""
    networks: tuple[str, ...] | None = None
    """Networks (CIDR) that may be fetched from besides public addresses; None: all that the user names."""
    not_before: float | None = None
    """It does not start before; epoch seconds."""
    webhook: str | None = None
    """The URL that gets a POST at its end, at its first dead letter, and when a domain blocks."""
    email: str | None = None
    """The address that gets the same by mail."""
    named: tuple[str, ...] = ()
    """The domains that its submitter named, without those of the operator's file."""
    terms: BatchConfig | None = None
    """Contact, proxy and limits; None for a batch of an older tlray, which has those of the coordinator."""
    paused: Pause | None = None
    half_way: tuple[float | None, float] | None = None
    """What was said of its end when half of it was done: not before, likely by."""

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON data, the politeness options flat beside the others."""
        data: dict[str, Any] = _options_json().dump_python(self, mode="json")
        return {**data.pop("politeness"), **data}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> BatchOptions:
        """Read what `to_json` wrote, in this or an older version; what that did not know has its default."""
        names = [field.name for field in fields(PolitenessOptions)]
        politeness = {name: _by_key(data[name]) for name in names if name in data}
        rest = {name: value for name, value in data.items() if name not in names}
        return _options_json().validate_python({**rest, "politeness": politeness})


@cache
def _options_json() -> TypeAdapter[BatchOptions]:
    from pydantic import TypeAdapter  # noqa: PLC0415 - 5 MB, which tasks and limiters never need

    return TypeAdapter(BatchOptions)


def _by_key(value: Any) -> Any:
    """Return an option under today's politeness keys: domains of an older version may be one now."""
    if isinstance(value, dict):
        return {politeness_key(name): one for name, one in value.items()}
    return [politeness_key(name) for name in value] if isinstance(value, list) else value


@dataclass(frozen=True, slots=True)
class BatchRow:
    """One batch. ``id`` is its number in this journal."""

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
    n_found: int = 0
    """Sets that pages of lists have added."""
    n_lists: int = 0
    """Further pages of lists that they have added."""
    owner: str = ""
    """Its user; "" where the service requires no tokens."""
    counts: dict[ItemState, int] | None = None
    """Items by state at its end."""
    version: int = 1
    """The version of its last snapshot."""


@dataclass(frozen=True, slots=True)
class DomainRow:
    """The stored state of a domain; moments are seconds since the epoch."""

    name: str
    robots_text: str | None = None
    robots_at: float | None = None
    crawl_delay_s: float | None = None
    cool_until: float | None = None
    cool_reason: str | None = None
    n_blocks: int = 0
    last_fetch_at: float | None = None
    override: DomainOverride = NO_OVERRIDE


@dataclass(frozen=True, slots=True)
class RestRow:
    """One rest of a domain; moments are seconds since the epoch."""

    began_at: float
    until: float
    reason: str


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
"""Domain → state → number of items."""


def totals(counts: Counts) -> dict[ItemState, int]:
    """Add up counts over all domains."""
    sums: dict[ItemState, int] = {}
    for by_state in counts.values():
        for state, n in by_state.items():
            sums[state] = sums.get(state, 0) + n
    return sums


@dataclass(frozen=True, slots=True)
class NewBatch:
    """A batch that is to be opened for its list."""

    batch_id: str
    name: str
    priority: Priority
    options: BatchOptions
    request_key: str
    """The key of the request: repeated, it makes no second batch."""
    created_at: float
    """Epoch seconds."""
    owner: str = ""
    digest: str | None = None
    """A hash of what was sent under a key that the sender chose; another digest under that key is refused."""


@dataclass(frozen=True, slots=True)
class Added:
    """The effect of adding lines to a list."""

    n_items: int = 0
    """New items, without those that were there already."""
    duplicates: Sequence[RefusedLine] = ()


@dataclass(frozen=True, slots=True)
class ChunkRow:
    """One uploaded chunk of a list."""

    number: int
    first_line: int
    n_lines: int
    n_items: int
    digest: str


@dataclass(frozen=True, slots=True)
class Chunks:
    """Totals of the chunks of a list so far."""

    n: int
    n_lines: int
    n_items: int


@dataclass(frozen=True, slots=True)
class OpenRow:
    """The open items of a batch."""

    batch_id: str
    owner: str
    is_receiving: bool
    n_open: int


@dataclass(frozen=True, slots=True)
class ItemRow:
    """One item."""

    item_id: int
    line: int
    url: str
    fingerprint: str
    domain: str
    state: ItemState
    attempt: int
    n_lost: int
    reason: str | None
    part: str | None


@dataclass(frozen=True, slots=True)
class ListedItem:
    """One item of a page of the HTTP API."""

    item_id: int
    line: int
    url: str
    domain: str
    state: str
    attempt: int
    n_lost: int
    reason: str | None
    due_at: float | None
    fetched_at: float | None
    answered_by: int | None
    fingerprint: str
    found_on: str | None = None
    """The URL of the page that lists it; None: a line of the list names it."""


@dataclass(frozen=True, slots=True)
class ItemFilter:
    """The items that a list shows; None: no condition."""

    state: ItemState | None = None
    domain: str | None = None
    reason: str | None = None
    """A text in the reason, in upper or lower case."""
    text: str | None = None
    """A text in the URL or the reason."""

    @property
    def has_text(self) -> bool:
        """True if items must be read to know whether they are shown."""
        return self.reason is not None or self.text is not None


@dataclass(frozen=True, slots=True)
class DeadGroup:
    """The dead letters of some batches at one domain that have one kind of reason."""

    domain: str
    reason: str
    """The beginning of their reasons, up to the colon."""
    n: int
    n_batches: int
    last_item: int
    """The item with the highest number."""
    newest: int
    """The newest death, in milliseconds."""


@dataclass(frozen=True, slots=True)
class SeenGroup:
    """The dead letters of one kind at one domain, as far as a reader has seen them."""

    kind: str
    domain: str
    until: int | None = None
    """The last death that was seen (`JournalReader.last_death`); None: all."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One dead letter of any batch."""

    batch: int
    """The batch's number, by which they are ordered."""
    batch_id: str
    item_id: int
    line: int
    url: str
    domain: str
    attempt: int
    n_lost: int
    reason: str | None

    @property
    def kind(self) -> str:
        """The kind of its reason (`tlray.core.politeness.dead_kind`)."""
        return kind_of(self.reason)


@dataclass(frozen=True, slots=True)
class AttemptRow:
    """One recorded attempt of an item."""

    attempt: int
    started_at: float | None
    node: str | None
    kind: str
    reason: str | None
    status: int | None
    """The HTTP status."""
    latency_s: float | None
    part: str | None
    raw_offset: int | None
    raw_length: int | None


class FoundSetRow(NamedTuple):
    """One set that a batch has found and not fetched."""

    url: str
    line: int
    """The line of the list that led to it."""
    found_on: str | None
    """The page that lists it; None: a line of the list names it."""
    is_known: bool
    """True if another batch of the journal has fetched it."""


class DoneRow(NamedTuple):
    """One item that succeeded, and the part that has its rows.

    ``done_seq`` grows over the whole journal, so that a reader of results can continue after any of them. It changes only where
    an item that was a dead letter is read again.
    """

    done_seq: int
    item_id: int
    part: str | None


class PagePlace(NamedTuple):
    """The archived page of an item that is not beside its rows: of a dead letter, or of a result that is reused."""

    item_id: int
    url: str
    """The item's URL, as its rows have it."""
    fingerprint: str
    batch_id: str
    """The batch whose archive has it."""
    stem: str
    offset: int
    length: int


class Revised(NamedTuple):
    """The results of a part whose pages were read again."""

    changed: tuple[int, ...] = ()
    """Items whose rows are others now."""
    recovered: tuple[tuple[int, float], ...] = ()
    """Dead letters that have rows now, each with the moment of its fetch; epoch seconds."""
