"""What stands in the bodies? The models of requests (nothing unknown is taken, nothing is guessed) and of answers."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Discriminator, Field, JsonValue, Tag

from tlray.core.politeness.domain_policy import MOST_AT_ONCE

MAX_URLS = 10_000
"""In one call; a longer list is sent in pieces, and made real by one more call."""

MAX_PIECE_LINES = 20_000
MAX_DOMAINS = 500
"""That a batch may name in its options; more stand in the operator's ``domains.toml``."""

NAME = r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e]*$"
"""One line, and nothing that drives the terminal of whoever lists it."""
TEMPLATE_NAME = "^[a-z0-9][a-z0-9-]{0,63}$"
ITEM_ID = r"^[0-9]{1,18}$"
IN_WORDS = {
    NAME: "a name is one line of text, without control characters and marks that turn its direction",
    TEMPLATE_NAME: "a template's name is 1 to 64 small letters, digits and -, no - first",
    ITEM_ID: "an item's id is 1 to 18 digits, as text",
}
"""What is told of a value that has not the form that it should have."""

Priority = Literal["immediate", "normal", "low"]
Moment = Annotated[float, Field(description="Seconds since 1970-01-01 UTC.", examples=[1795000000.0])]
Name = Annotated[str, Field(max_length=200, pattern=NAME)]
Scalar = str | int
StartTime = Annotated[
    Annotated[float, Field(ge=0, le=1e11, description="Seconds since 1970-01-01 UTC."), Tag("seconds")]
    | Annotated[AwareDatetime, Tag("moment")],
    Discriminator(lambda value: "moment" if isinstance(value, str | datetime) else "seconds"),
]
"""Of what is wrong with it only that is told which it was meant as."""
VariableValue = Scalar | Annotated[list[Scalar], Field(max_length=MAX_URLS)] | dict[str, int]


class RequestBody(BaseModel):
    """A request's body."""

    model_config = ConfigDict(extra="forbid", strict=True)


class ResponseBody(BaseModel):
    """An answer's body."""


class OptionsRequest(RequestBody):
    """The options of a batch: those of ``tlray scrape``, by the same names."""

    rates: dict[str, str] = Field(
        {}, max_length=MAX_DOMAINS, description="Domain → `N/s`.", examples=[{"example.org": "2/s"}]
    )
    concurrency: dict[str, Annotated[int, Field(ge=1, le=MOST_AT_ONCE)]] = Field(
        {}, max_length=MAX_DOMAINS, description="Domain → fetches at once."
    )
    ignore_crawl_delay: list[str] = Field(
        [], max_length=MAX_DOMAINS, description="Domains whose owner agreed to more than robots.txt."
    )
    max_attempts: Annotated[int, Field(ge=1, le=100)] | None = None
    retry: dict[str, JsonValue] = Field(
        {}, max_length=100, description="Kind of outcome → rule, as in `domains.toml` (docs/politeness.md)."
    )
    domains: dict[str, JsonValue] = Field(
        {}, max_length=MAX_DOMAINS, description="Domain → what `domains.toml` may say of one."
    )
    keep_pages: bool = True
    fresh_for: str | Annotated[float, Field(ge=0)] = Field(
        "24h", description="Pages that were fetched within so long are not fetched again; 0: all are."
    )


class WorkRequest(RequestBody):
    """What is to be done: now, or each time that a schedule comes round."""

    urls: Annotated[list[str], Field(max_length=MAX_URLS)] = []
    template: Annotated[str | None, Field(max_length=64, description="In the place of URLs.")] = None
    variables: dict[str, VariableValue] = Field(
        {},
        description='The template\'s values: one, several, or a range `{"from": 1, "to": 50}`.',
        examples=[{"event": "tomorrowland", "year": 2026, "set": ["1pn8l919"]}],
    )
    name: Name = ""
    priority: Priority = "normal"
    options: OptionsRequest = OptionsRequest()
    webhook: Annotated[
        str | None,
        Field(
            max_length=2_000,
            description="Told of the end, of dead letters and of blocks, signed by the Standard Webhooks specification.",
            examples=["https://hooks.example.org/tlray"],
        ),
    ] = None
    email: Annotated[str | None, Field(max_length=254, description="Told of the same.")] = None


class BatchRequest(WorkRequest):
    """A new batch."""

    urls: Annotated[list[str], Field(json_schema_extra={"maxItems": MAX_URLS})] = []

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "urls": ["https://www.1001tracklists.com/tracklist/1pn8l919/a-set.html"],
                    "name": "closing sets",
                    "priority": "normal",
                }
            ]
        }
    )

    not_before: StartTime | None = Field(
        None,
        description="Nothing begins before: a moment, at most a year ahead.",
        examples=["2026-12-31T03:00:00+01:00"],
    )


class PieceRequest(RequestBody):
    """A piece of a list; what else there is to say is said when the list is opened."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"urls": ["https://www.1001tracklists.com/tracklist/1pn8l919/a-set.html"]}]
        }
    )

    urls: Annotated[list[str], Field(json_schema_extra={"maxItems": MAX_PIECE_LINES})]


class RejectedLine(ResponseBody):
    """A line of a list that made no item."""

    line: int
    url: str
    reason: str


class DuplicateLine(ResponseBody):
    """A line of a list whose page an earlier line has."""

    line: int
    url: str
    first_line: int


class Receipt(ResponseBody):
    """What became of a list."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "batch_id": "20261123-120000-a1b2c3",
                    "state": "running",
                    "total": 1,
                    "duplicates": 0,
                    "n_rejected": 1,
                    "rejected": [{"line": 2, "url": "ftp://a/b", "reason": "not http or https"}],
                    "duplicate_lines": [],
                    "warnings": [],
                    "estimated_completion": None,
                }
            ]
        }
    )

    batch_id: str
    state: str
    total: int = Field(description="Items: lines given = total + duplicates + n_rejected.")
    duplicates: int
    n_rejected: int
    rejected: list[RejectedLine] = Field(description="The first 1,000.")
    duplicate_lines: list[DuplicateLine] = Field(description="The first 1,000.")
    warnings: list[str] = Field(
        description="Domains that the options name, and of which the list has no URL: the first 20."
    )
    estimated_completion: Moment | None


class PieceReceipt(ResponseBody):
    """What became of a piece of a list."""

    batch_id: str
    piece: int
    first_line: int = Field(description="Lines are counted through the whole list.")
    lines: int
    items: int
    duplicates: int
    n_rejected: int
    rejected: list[RejectedLine] = Field(description="The first 1,000 that made no item, duplicates counted.")
    duplicate_lines: list[DuplicateLine]


class CommitRequest(RequestBody):
    """The end of a list that came in pieces."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"pieces": 7}]})

    pieces: Annotated[int, Field(ge=1, description="How many were sent; others are a conflict.")] | None = (
        None
    )


class Snapshot(ResponseBody):
    """How far a batch is; the frames of its progress are the same."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "examples": [
                {
                    "version": 417,
                    "batch_id": "20261123-120000-a1b2c3",
                    "name": "closing sets",
                    "state": "running",
                    "total": 120,
                    "counts": {"queued": 60, "leased": 8, "waiting": 1, "succeeded": 50, "dead": 1},
                    "rate_per_min": 61.0,
                    "estimated_completion": 1795000000.0,
                    "domains": {"1001tracklists.com": {"open": 69, "in_flight": 8}},
                }
            ]
        },
    )

    version: int = Field(description="It only grows.")
    batch_id: str
    name: str
    state: str
    total: int
    counts: dict[str, int] = Field(description="Items by state; their sum is the total.")
    duplicates: int
    n_rejected: int
    tracks: int
    retries: int
    blocked: int
    answered: int = Field(description="Items that results of other batches answered.")
    rate_per_min: float
    estimated_completion: Moment | None
    elapsed_s: float
    starts_at: Moment | None = Field(None, description="When a batch that is scheduled begins.")
    trouble: str | None = Field(description="Why nothing goes on; null while all is well.")
    waits_until: Moment | None = Field(
        description="Nothing of it can be fetched before this moment: all its domains rest. Null while something can."
    )
    waits_for: dict[str, str] | None = Field(
        description="The domain that is back first, and the reason; without `waits_until` each is paused by hand."
    )
    workers: int | None = Field(None, description="Scrape tasks of the home that run.")
    workers_waiting: int | None = Field(
        None, description="Those that wait for a CPU, on a node that is full or not there yet."
    )
    lost_nodes: list[dict[str, Any]] = Field(
        [],
        description="The last nodes that were lost with items of it: `node_id`, `address`, `items` that went back, `at`.",
    )
    parked: dict[str, str]
    domains: dict[str, dict[str, Any]]


class RetryRequest(RequestBody):
    """Which dead letters to queue again; all, where neither is said."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "timeout"}, {"item_ids": ["17"]}]})

    item_ids: (
        Annotated[list[Annotated[str, Field(pattern=ITEM_ID)]], Field(min_length=1, max_length=10_000)] | None
    ) = None
    reason: Annotated[str, Field(min_length=1, max_length=200)] | None = Field(
        None, description="Those whose reason contains this word."
    )


class Retried(Snapshot):
    """What became of a retry."""

    n_retried: int


class SetLine(ResponseBody):
    """A line of results: a set (all fields: docs/results.md), and the cursor to go on behind it."""

    model_config = ConfigDict(extra="allow")

    url: str
    site: str
    source_id: str | None
    title: str
    date: str | None = Field(description="The day it was played.", examples=["2026-05-15"])
    djs: list[str]
    track_count: int
    tracks: list[dict[str, Any]]
    cursor: str


class DomainPatch(RequestBody):
    """What to set for a domain; what is left out stays, null takes it back."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"max_rate": 0.5, "concurrency": 1}, {"paused": True}, {"lift": True}]
        }
    )

    max_rate: Annotated[float, Field(ge=1e-6, le=10_000, description="Fetches a second.")] | None = None
    concurrency: Annotated[int, Field(ge=1, le=MOST_AT_ONCE, description="Fetches at once.")] | None = None
    paused: bool | None = Field(None, description="Nothing more of it begins, whatever the batch.")
    lift: bool | None = Field(
        None, description="End its rest now, whatever it rests for. It is done once, not kept."
    )
