"""The catalogue: found sets, their versions, and changes; the quality of many sets."""

from __future__ import annotations

from pydantic import ConfigDict, Field

from tlray.core.model.progress import BatchStatus
from tlray.service.schemas.batches import ResponseBody
from tlray.service.schemas.lists import NextCursor

_AT = "ISO 8601, UTC; null if unknown."


class SetQuality(ResponseBody):
    """The quality of many sets (docs/results.md), as it is kept up to date."""

    sets: int = Field(description="How many sets are counted.")
    mean: float | None = Field(description="Their mean quality.")
    issues: dict[str, int] = Field(
        description="Issue, without its numbers → sets that have it.",
        examples=[{"not identified": 12, "no date": 3}],
    )


class StatusResponse(BatchStatus):
    """The status of a batch, and the quality of its sets."""

    quality: SetQuality | None
    """Of the results that are in the catalogue, which may be some seconds behind. None if it cannot be read."""


class FoundSet(ResponseBody):
    """The newest version of a set, without its tracks."""

    site: str
    source_id: str
    url: str
    title: str
    date: str | None = Field(description="The day of the performance.", examples=["2026-05-15"])
    djs: list[str]
    sources: list[str] = Field(description="Event, venue, show.")
    quality: float | None
    issues: list[str] = Field(description="What lowers it, without numbers.", examples=[["not identified"]])
    track_count: int
    identified_count: int
    cued_count: int
    parser: str
    fetched_at: str | None = Field(description=_AT)
    n_versions: int
    n_changes: int
    batch_id: str
    item_id: str


class CataloguePage(ResponseBody):
    """A page of a search in the catalogue."""

    sets: list[FoundSet]
    total: int = Field(description="Sets that are found, on all pages.")
    quality: float | None = Field(description="Their mean quality.")
    catalogue: SetQuality = Field(description="All sets that you see, whatever is searched for.")
    behind: int = Field(description="About how many results of batches are not in the catalogue yet.")
    next_cursor: NextCursor


class LinkedSet(ResponseBody):
    """A set of another site that is the same performance."""

    site: str
    source_id: str
    url: str
    score: float = Field(description="How sure that is, from 0 to 1.")
    reasons: list[str] = Field(examples=[["the same day", "a common DJ"]])


class SourcesConflict(ResponseBody):
    """What the sources of a merged set say differently."""

    field: str = Field(examples=["cue"])
    index: int | None = Field(description="The row; null for the set.")
    values: dict[str, str] = Field(description="`site:source_id` → what it says.")


class NameCount(ResponseBody):
    """A name and the sets that have it."""

    name: str
    sets: int


class MonthCount(ResponseBody):
    """The sets of one month."""

    month: str = Field(examples=["2026-05"])
    sets: int


class NameResponse(ResponseBody):
    """Where a DJ, an artist, a label or a track occurs."""

    kind: str = Field(examples=["artist"])
    name: str
    sets: int = Field(description="Sets that have it.")
    is_exact: bool = Field(
        description="False: more sets than are read have its words; `sets`, `by_month` and the days count those that do."
    )
    looked_at: int = Field(
        description="So many of the newest sets with its words were read, for all that follows."
    )
    plays: int = Field(description="Rows of it in them; of a DJ all identified rows.")
    first_day: str | None
    last_day: str | None
    by_month: list[MonthCount] = Field(description="Of sets whose day is known.")
    newest: list[FoundSet] = Field(description="At most 20 of the sets that were read, the last day first.")
    djs: list[NameCount] = Field(description="Who plays it, or together with whom a DJ plays; the first 20.")
    artists: list[NameCount]
    labels: list[NameCount]
    tracks: list[NameCount]
    played_with: list[NameCount] = Field(description="Tracks right before and after it.")


class YearCount(ResponseBody):
    """The sets of one year."""

    year: str | None = Field(examples=["2026"])
    sets: int


class SiteCount(ResponseBody):
    """The sets of one site."""

    site: str
    sets: int


class FacetsResponse(ResponseBody):
    """The sets that a search finds, counted."""

    total: int
    years: list[YearCount] = Field(description="The last year first; null: the day is not known.")
    sites: list[SiteCount] | None = Field(description="Null for a search that finds more than 10,000 sets.")


class WholeSet(FoundSet):
    """A version of a set, with its tracks (all fields: docs/results.md)."""

    model_config = ConfigDict(extra="allow")

    tracks: list[dict[str, object]]
    same_as: list[LinkedSet] = Field(description="The surest first.")
    merged_from: list[str] | None = Field(
        default=None,
        description="With `merged=true`: the sources (`site:source_id`), the one that has the list first.",
    )
    sources_of: dict[str, str] | None = Field(
        default=None, description="With `merged=true`: field → source; each track has its own."
    )
    conflicts: list[SourcesConflict] | None = Field(default=None, description="With `merged=true`.")


class VersionResponse(ResponseBody):
    """One version of a set."""

    version: int = Field(description="Its number: 1 is the one published first.")
    batch_id: str
    item_id: str
    parser: str
    fetched_at: str | None = Field(description=_AT)
    quality: float | None
    track_count: int
    identified_count: int
    cued_count: int
    digest: str = Field(description="Of what is compared; versions with the same one have no changes.")
    is_newest: bool
    changes: dict[str, int] = Field(
        description="What had changed against the newest one before it: kind → number.",
        examples=[{"revealed": 1}],
    )


class VersionsResponse(ResponseBody):
    """All versions of a set, the one published last first."""

    versions: list[VersionResponse]


class ChangeLine(ResponseBody):
    """One change of a set between two versions, and the cursor behind it."""

    seq: str = Field(description="Its number, which grows for ever.")
    site: str
    source_id: str
    url: str
    set_title: str
    batch_id: str = Field(description="The batch of the newer version.")
    kind: str = Field(examples=["revealed"])
    cause: str = Field(description="`source`, `parser`, or `either`.")
    index_before: int | None = Field(description="The row in the older version, from 1.")
    index: int | None = Field(description="The row in the newer version.")
    artist: str
    title: str
    cue_s: float | None
    before: str | None
    after: str | None
    parser_before: str
    parser: str
    changed_at: str | None = Field(description="When the newer version was fetched. " + _AT)
    cursor: str
