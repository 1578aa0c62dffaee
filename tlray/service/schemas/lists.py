"""What stands in a page of a list? The models of batches, items, dead letters, lines and domains as they are listed."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field

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
    n_lost: int = Field(description="Leases that were lost with their worker; they are no attempts.")
    reason: str | None
    due_at: Moment | None
    fetched_at: Moment | None
    with_reusable: str | None = Field(description="The item of another batch whose fetch gave its row.")


class AttemptResponse(ResponseBody):
    """One attempt of an item."""

    attempt: int
    at: Moment | None = Field(description="When it began; null where it did not.")
    kind: str = Field(description="What came of it.", examples=["timeout"])
    reason: str | None
    status: int | None = Field(description="The site's, of HTTP.")
    latency_s: float | None


class DeadLetterResponse(ResponseBody):
    """A dead letter, with its whole story."""

    batch_id: str
    item_id: str
    line: int
    url: str
    domain: str
    attempt: int
    n_lost: int
    reason: str | None
    attempts: list[AttemptResponse]


NextCursor = Annotated[str | None, Field(description="For the next page; null: this is the last.")]


class BatchPage(ResponseBody):
    """A page of batches."""

    batches: list[BatchResponse]
    next_cursor: NextCursor


class ItemPage(ResponseBody):
    """A page of items."""

    items: list[ItemResponse]
    next_cursor: NextCursor


class LineWithoutItem(RejectedLine):
    """A line of a list that made no item."""

    first_line: int | None = Field(description="Of a duplicate: the line that has the same page.")


class LinePage(ResponseBody):
    """A page of lines that made no item."""

    lines: list[LineWithoutItem]
    next_cursor: NextCursor


class DeadLetterPage(ResponseBody):
    """A page of dead letters."""

    dead_letters: list[DeadLetterResponse]
    next_cursor: NextCursor


class DomainResponse(ResponseBody):
    """How a domain stands."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "domain": "1001tracklists.com",
                    "paused": False,
                    "max_rate": 0.125,
                    "rate": 0.125,
                    "concurrency": 1,
                    "set": {"max_rate": None, "concurrency": None},
                    "crawl_delay_s": 8.0,
                    "robots_at": 1795000000.0,
                    "open": 69,
                    "in_flight": 1,
                    "cooling_until": None,
                    "reason": None,
                    "blocks_in_a_row": 0,
                    "last_fetch_at": 1795000000.0,
                }
            ]
        }
    )

    domain: str
    paused: bool
    max_rate: float | None = Field(
        description="Fetches a second at most, robots.txt counted; null: no ceiling."
    )
    rate: float | None = Field(description="The level that it bears just now, below that.")
    concurrency: int
    set: dict[str, float | None] = Field(description="What an admin has set.")
    crawl_delay_s: float | None = Field(description="What its robots.txt asks for.")
    robots_at: Moment | None
    open: int = Field(description="Items of your batches that are not final; of an admin's question, of all.")
    in_flight: int
    cooling_until: Moment | None
    reason: str | None
    blocks_in_a_row: int
    last_fetch_at: Moment | None


class DomainPage(ResponseBody):
    """A page of domains."""

    domains: list[DomainResponse]
    next_cursor: NextCursor
