"""Bodies of requests and responses, for schedules."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from tlray.service.schemas.batches import (
    MAX_URLS,
    Moment,
    Name,
    OptionsRequest,
    Priority,
    RejectedLine,
    RequestBody,
    ResponseBody,
    VariableValue,
    WorkRequest,
)

Cron = Annotated[
    str,
    Field(
        max_length=200,
        description="Five fields (minute hour day month weekday), or `@daily` and the like.",
        examples=["30 3 * * MON"],
    ),
]
Zone = Annotated[str, Field(max_length=60, examples=["Europe/Berlin"])]
OverlapName = Literal["skip", "queue"]
CatchUpName = Literal["none", "last"]


class RefreshRequest(RequestBody):
    """The sets of your catalogue that have most likely changed, chosen at each run (docs/catalogue.md)."""

    budget: Annotated[int, Field(ge=1, le=MAX_URLS, description="At most so many sets.")]
    within: Annotated[
        str, Field(max_length=20, description="Of each site no more than its rate allows in this time.")
    ] = "24h"


class ScheduleRequest(WorkRequest):
    """A new schedule: the fields of a batch, and its times. The template values `{year}`, `{month}`, `{day}`, `{date}`, `{week}`
    and `{week_year}` (the year of the ISO 8601 week) are those of the run, unless values are given."""

    refresh: RefreshRequest | None = Field(None, description="In place of URLs or a template.")
    cron: Cron
    timezone: Zone = "UTC"
    overlap: OverlapName = "skip"
    catch_up: CatchUpName = "none"
    paused: bool = False


class SchedulePatch(RequestBody):
    """Changes of a schedule. Missing fields stay unchanged; null removes the webhook or the e-mail address."""

    cron: Cron | None = None
    timezone: Zone | None = None
    overlap: OverlapName | None = None
    catch_up: CatchUpName | None = None
    paused: bool | None = None
    name: Name | None = None
    urls: Annotated[list[str], Field(max_length=MAX_URLS)] | None = None
    template: Annotated[str | None, Field(max_length=64, description="A template in place of URLs.")] = None
    variables: dict[str, VariableValue] | None = None
    refresh: RefreshRequest | None = None
    priority: Priority | None = None
    options: OptionsRequest | None = Field(None, description="Replaces all options.")
    webhook: Annotated[str | None, Field(max_length=2_000)] = None
    email: Annotated[str | None, Field(max_length=254)] = None


class ScheduledRun(ResponseBody):
    """The time of a run."""

    at: Moment
    local: str = Field(
        description="In the time zone of the schedule.", examples=["2026-11-30T03:30:00+01:00"]
    )


class ScheduleResponse(ResponseBody):
    """A schedule and its runs."""

    schedule_id: str
    name: str
    cron: str
    timezone: str
    overlap: str
    catch_up: str
    paused: bool
    created_at: Moment
    next_runs: list[ScheduledRun] = Field(description="The next five runs; none while it is paused.")
    waiting: Moment | None = Field(description="The run that waits for the end of the previous batch.")
    last_run_at: Moment | None
    last_batch: str | None
    runs: int
    passed_over: int = Field(
        description="Runs without a batch, because one was running or no coordinator was."
    )
    trouble: str | None = Field(description="Why the last run created no batch.")


class ScheduleDetails(ScheduleResponse):
    """A schedule with what it submits."""

    urls: list[str]
    template: str | None
    variables: dict[str, Any]
    refresh: RefreshRequest | None = None
    priority: str
    options: dict[str, Any] = Field(description="The options as requested; those of a template apply, too.")
    webhook: str | None
    email: str | None


class ScheduleReceipt(ScheduleDetails):
    """A schedule that was created or changed, with the result of checking its list."""

    n_rejected: int = Field(description="Lines of its list that no run can fetch.")
    rejected: list[RejectedLine] = Field(description="The first 1,000.")


class SchedulesResponse(ResponseBody):
    """A list of schedules."""

    schedules: list[ScheduleResponse]
