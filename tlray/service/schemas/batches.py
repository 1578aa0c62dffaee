"""Bodies of requests (strict: no unknown fields, no conversions) and of responses, for batches."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Discriminator, Field, JsonValue, Tag

from tlray.core.model.discovery import DEFAULT_FOUND, MOST_FOUND
from tlray.core.politeness.domain_policy import MOST_AT_ONCE

MAX_URLS = 10_000
"""In one call; a longer list is sent in pieces."""
MAX_PIECE_LINES = 20_000
MAX_DOMAINS = 500
"""In the options of a batch; the operator's ``domains.toml`` may have more."""

NAME = r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e]*$"
"""One line, without characters that control a terminal."""
TEMPLATE_NAME = "^[a-z0-9][a-z0-9-]{0,63}$"
ITEM_ID = r"^[0-9]{1,18}$"
IN_WORDS = {
    NAME: "a name is one line of text without control characters and direction marks",
    TEMPLATE_NAME: "a template's name has 1 to 64 lower-case letters, digits and hyphens, and no hyphen first",
    ITEM_ID: "an item id is a text of 1 to 18 digits",
}
"""Messages for values that do not match a pattern."""

Priority = Literal["immediate", "normal", "low"]
Moment = Annotated[float, Field(description="Seconds since 1970-01-01 UTC.", examples=[1795000000.0])]
Name = Annotated[str, Field(max_length=200, pattern=NAME)]
Scalar = str | int
StartTime = Annotated[
    Annotated[float, Field(ge=0, le=1e11, description="Seconds since 1970-01-01 UTC."), Tag("seconds")]
    | Annotated[AwareDatetime, Tag("moment")],
    Discriminator(lambda value: "moment" if isinstance(value, str | datetime) else "seconds"),
]
"""A fault names only the form that was meant."""
VariableValue = Scalar | Annotated[list[Scalar], Field(max_length=MAX_URLS)] | dict[str, int]


class RequestBody(BaseModel):
    """The body of a request."""

    model_config = ConfigDict(extra="forbid", strict=True)


class ResponseBody(BaseModel):
    """The body of a response."""


class FindRequest(RequestBody):
    """Discovery: what pages of lists add to the batch."""

    max_found: Annotated[int, Field(ge=1, le=MOST_FOUND, description="Sets, over the whole batch.")] = (
        DEFAULT_FOUND
    )
    only: bool = Field(False, description="Do not fetch the sets; they are items that are skipped.")


class OptionsRequest(RequestBody):
    """The options of a batch: the same as those of ``tlray scrape``."""

    rates: dict[str, str] = Field(
        {}, max_length=MAX_DOMAINS, description="Domain → `N/s`.", examples=[{"example.org": "2/s"}]
    )
    concurrency: dict[str, Annotated[int, Field(ge=1, le=MOST_AT_ONCE)]] = Field(
        {}, max_length=MAX_DOMAINS, description="Domain → parallel fetches."
    )
    ignore_crawl_delay: list[str] = Field(
        [],
        max_length=MAX_DOMAINS,
        description="Domains whose owner allows more than the crawl-delay of robots.txt.",
    )
    api_terms: list[str] = Field(
        [],
        max_length=MAX_DOMAINS,
        description="Sites whose API is used under its published terms, although robots.txt disallows it; an admin's choice.",
        examples=[["musicbrainz"]],
    )
    find: FindRequest | bool = Field(
        False,
        description="Pages that list sets (a category, a search, a show, a feed) add them to the batch.",
    )
    max_attempts: Annotated[int, Field(ge=1, le=100)] | None = None
    retry: dict[str, JsonValue] = Field(
        {}, max_length=100, description="Kind of outcome → rule, as in `domains.toml` (docs/politeness.md)."
    )
    domains: dict[str, JsonValue] = Field(
        {}, max_length=MAX_DOMAINS, description="Domain → settings, as in `domains.toml`."
    )
    keep_pages: bool = True
    fresh_for: str | Annotated[float, Field(ge=0)] = Field(
        "24h", description="Results of this age or newer are used again; 0: fetch every page."
    )


class WorkRequest(RequestBody):
    """The work of a batch or a schedule."""

    urls: Annotated[list[str], Field(max_length=MAX_URLS)] = []
    template: Annotated[str | None, Field(max_length=64, description="A template in place of URLs.")] = None
    variables: dict[str, VariableValue] = Field(
        {},
        description='Values of the template: one, several, or a range `{"from": 1, "to": 50}`.',
        examples=[{"event": "tomorrowland", "year": 2026, "set": ["1pn8l919"]}],
    )
    name: Name = ""
    priority: Priority = "normal"
    options: OptionsRequest = OptionsRequest()
    webhook: Annotated[
        str | None,
        Field(
            max_length=2_000,
            description="Receives notifications of the end, of dead letters and of blocks, signed as Standard Webhooks.",
            examples=["https://hooks.example.org/tlray"],
        ),
    ] = None
    email: Annotated[str | None, Field(max_length=254, description="Receives the same notifications.")] = None


class BatchRequest(WorkRequest):
    """A new batch."""

    urls: Annotated[list[str], Field(json_schema_extra={"maxItems": MAX_URLS})] = []

    not_before: StartTime | None = Field(
        None,
        description="The start time, at most a year ahead.",
        examples=["2026-12-31T03:00:00+01:00"],
    )


class BatchPatch(RequestBody):
    """Changes of a batch. Missing fields stay unchanged."""

    name: Name | None = None
    priority: Priority | None = None


class PieceRequest(RequestBody):
    """A piece of a list. The options are given when the list is opened."""

    urls: Annotated[list[str], Field(json_schema_extra={"maxItems": MAX_PIECE_LINES})]


class RejectedLine(ResponseBody):
    """A line that added no item."""

    line: int
    url: str
    reason: str


class DuplicateLine(ResponseBody):
    """A line with the same page as an earlier line."""

    line: int
    url: str
    first_line: int


class Receipt(ResponseBody):
    """The receipt of a list."""

    batch_id: str
    state: str
    total: int = Field(description="Accepted items; lines given = total + duplicates + n_rejected.")
    duplicates: int
    n_rejected: int
    rejected: list[RejectedLine] = Field(description="The first 1,000.")
    duplicate_lines: list[DuplicateLine] = Field(description="The first 1,000.")
    warnings: list[str] = Field(description="Domains in the options without a URL in the list; the first 20.")
    estimated_completion: Moment | None


class PieceReceipt(ResponseBody):
    """The receipt of a piece."""

    batch_id: str
    piece: int
    first_line: int = Field(description="Its number in the whole list.")
    lines: int
    items: int
    duplicates: int
    n_rejected: int
    rejected: list[RejectedLine] = Field(
        description="The first 1,000 lines that added no item, duplicates included."
    )
    duplicate_lines: list[DuplicateLine]


class CommitRequest(RequestBody):
    """The end of a list in pieces."""

    pieces: (
        Annotated[int, Field(ge=1, description="The number of pieces sent; another number is a conflict.")]
        | None
    ) = None


DeadKind = Annotated[str, Field(min_length=1, max_length=50, examples=["timeout"])]
SeenVersion = Annotated[
    int,
    Field(
        ge=0, le=2**53, description="The `version` of the groups that were seen: what died later stays dead."
    ),
]


class RetryRequest(RequestBody):
    """The dead letters to queue again; all, if no field is given."""

    item_ids: (
        Annotated[list[Annotated[str, Field(pattern=ITEM_ID)]], Field(min_length=1, max_length=10_000)] | None
    ) = None
    reason: Annotated[str, Field(min_length=1, max_length=200)] | None = Field(
        None, description="Those whose reason contains this text."
    )
    kind: DeadKind | None = Field(None, description="Those of this kind, at `domain`.")
    domain: Annotated[str, Field(min_length=1, max_length=300)] | None = None
    up_to_version: SeenVersion | None = None


class GroupRequest(RequestBody):
    """A group of dead letters, as `/dead-letters/groups` lists it."""

    kind: DeadKind
    domain: Annotated[str, Field(min_length=1, max_length=300)]
    up_to_version: SeenVersion | None = None


class SetLine(ResponseBody):
    """A line of results: a set (all fields: docs/results.md), and the cursor behind it."""

    model_config = ConfigDict(extra="allow")

    url: str
    site: str
    source_id: str | None
    title: str
    date: str | None = Field(description="The day of the performance.", examples=["2026-05-15"])
    djs: list[str]
    track_count: int
    tracks: list[dict[str, Any]]
    cursor: str


class DomainPatch(RequestBody):
    """Overrides of a domain. Missing fields stay unchanged, null removes an override."""

    max_rate: Annotated[float, Field(ge=1e-6, le=10_000, description="Fetches per second.")] | None = None
    concurrency: Annotated[int, Field(ge=1, le=MOST_AT_ONCE, description="Parallel fetches.")] | None = None
    paused: bool | None = Field(None, description="Begin no fetch at this domain, for any batch.")
    lift: bool | None = Field(
        None, description="End its cool-down now, for whatever reason it has one. Applied once, not stored."
    )


class KindPreview(ResponseBody):
    """Files of one kind."""

    kind: str = Field(examples=["cue"])
    files: int


class FilePreview(ResponseBody):
    """A file, or a member of an archive."""

    line: int = Field(description="Counts from 1, members of archives included.")
    name: str


class ImportPreview(ResponseBody):
    """What would become of files."""

    total: int = Field(description="Items of the batch: files, and members of archives.")
    duplicates: int = Field(description="Files with the content of an earlier one.")
    kinds: list[KindPreview] = Field(description="The most common first.")
    n_unknown: int = Field(description="Files that no reader knows: they become dead letters.")
    unknown: list[FilePreview] = Field(description="The first 1,000.")
    n_rejected: int = Field(description="Files that cannot be opened: they add no item.")
    rejected: list[RejectedLine] = Field(description="The first 1,000.")
