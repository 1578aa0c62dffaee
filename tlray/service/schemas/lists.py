"""Pages of lists: batches, items, dead letters, lines and domains."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from tlray.core.model.progress import BatchDomain, DomainStatus
from tlray.service.schemas.batches import Moment, RejectedLine, ResponseBody


class BatchResponse(ResponseBody):
    """A batch in a list."""

    batch_id: str
    name: str
    state: str
    owner: str
    priority: str
    created_at: Moment
    finished_at: Moment | None
    total: int
    counts: dict[str, int]
    tracks: int
    duplicates: int
    n_rejected: int


class ItemResponse(ResponseBody):
    """One URL of a batch."""

    item_id: str
    line: int
    url: str
    domain: str
    state: str
    attempt: int = Field(description="Counts from 1.")
    n_lost: int = Field(description="Lost leases, which do not count as attempts.")
    reason: str | None
    due_at: Moment | None
    fetched_at: Moment | None
    answered_by: str | None = Field(description="The item of another batch whose result was used.")
    fingerprint: str = Field(
        description="The identity of the page: `site:id` of a known site.",
        examples=["1001tracklists:1pn8l919"],
    )
    kind: str | None = Field(
        description="The kind of a dead letter; null for other items.", examples=["timeout"]
    )


class AttemptResponse(ResponseBody):
    """One attempt of an item."""

    attempt: int
    at: Moment | None = Field(description="When it began; null if it did not.")
    node: str | None = Field(description="The machine that made it.")
    kind: str = Field(description="The kind of outcome.", examples=["timeout"])
    reason: str | None
    status: int | None = Field(description="The HTTP status of the site.")
    latency_s: float | None


class ItemDetails(ItemResponse):
    """An item with its attempts."""

    attempts: list[AttemptResponse] = Field(description="The last 100, the first of them first.")
    n_attempts: int = Field(description="How many are recorded.")
    has_page: bool = Field(description="True if `/page` has its archived page.")


class DeadLetterResponse(ResponseBody):
    """A dead letter with all its attempts."""

    batch_id: str
    item_id: str
    line: int
    url: str
    domain: str
    attempt: int
    n_lost: int
    reason: str | None
    kind: str = Field(description="What its reason begins with, in one word.", examples=["timeout"])
    attempts: list[AttemptResponse]


NextCursor = Annotated[str | None, Field(description="The cursor of the next page; null on the last page.")]


class BatchPage(ResponseBody):
    """A page of batches."""

    batches: list[BatchResponse]
    next_cursor: NextCursor


class ItemPage(ResponseBody):
    """A page of items."""

    items: list[ItemResponse]
    next_cursor: NextCursor


class LineWithoutItem(RejectedLine):
    """A line that added no item."""

    first_line: int | None = Field(description="For a duplicate: the line with the same page.")


class LinePage(ResponseBody):
    """A page of lines that added no item."""

    lines: list[LineWithoutItem]
    next_cursor: NextCursor


class DeadLetterPage(ResponseBody):
    """A page of dead letters."""

    dead_letters: list[DeadLetterResponse]
    next_cursor: NextCursor


class BatchDomainPage(ResponseBody):
    """A page of the domains of a batch."""

    domains: list[BatchDomain]
    next_cursor: NextCursor


class DomainPage(ResponseBody):
    """A page of domains."""

    domains: list[DomainStatus]
    next_cursor: NextCursor
