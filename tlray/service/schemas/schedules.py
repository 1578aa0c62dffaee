"""What stands in the bodies of schedules?"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

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


class ScheduleRequest(WorkRequest):
    """A new schedule: what a batch has, and when it comes round. A template's `{year}`, `{month}`, `{day}`, `{date}`, `{week}`
    and `{week_year}` (the year that the week of ISO 8601 belongs to) are the run's own where nothing else is said."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "cron": "30 3 * * MON",
                    "timezone": "Europe/Berlin",
                    "urls": ["https://www.1001tracklists.com/tracklist/1pn8l919/a-set.html"],
                    "name": "weekly",
                    "overlap": "skip",
                    "catch_up": "last",
                }
            ]
        }
    )

    cron: Cron
    timezone: Zone = "UTC"
    overlap: OverlapName = "skip"
    catch_up: CatchUpName = "none"
    paused: bool = False


class SchedulePatch(RequestBody):
    """What is to change of a schedule; the rest stays. `null` takes a webhook or an e-mail address back."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"cron": "0 5 * * *", "paused": False}]})

    cron: Cron | None = None
    timezone: Zone | None = None
    overlap: OverlapName | None = None
    catch_up: CatchUpName | None = None
    paused: bool | None = None
    name: Name | None = None
    urls: Annotated[list[str], Field(max_length=MAX_URLS)] | None = None
    template: Annotated[str | None, Field(max_length=64, description="In the place of URLs.")] = None
    variables: dict[str, VariableValue] | None = None
    priority: Priority | None = None
    options: OptionsRequest | None = Field(None, description="All of them anew.")
    webhook: Annotated[str | None, Field(max_length=2_000)] = None
    email: Annotated[str | None, Field(max_length=254)] = None


class ScheduledRun(ResponseBody):
    """A moment at which a schedule will run."""

    at: Moment
    local: str = Field(description="By the schedule's own clock.", examples=["2026-11-30T03:30:00+01:00"])


class ScheduleResponse(ResponseBody):
    """A schedule, and how far it has come."""

    schedule_id: str
    name: str
    cron: str
    timezone: str
    overlap: str
    catch_up: str
    paused: bool
    created_at: Moment
    next_runs: list[ScheduledRun] = Field(description="The next five; none while it is paused.")
    waiting: Moment | None = Field(description="The run that waits for the end of the batch before it.")
    last_run_at: Moment | None
    last_batch: str | None
    runs: int
    passed_over: int = Field(
        description="Runs that made no batch, because one was under way or nobody was there."
    )
    trouble: str | None = Field(description="Why the last run made no batch.")


class ScheduleDetails(ScheduleResponse):
    """A schedule with all that it submits."""

    urls: list[str]
    template: str | None
    variables: dict[str, Any]
    priority: str
    options: dict[str, Any] = Field(description="What was asked for; a template's own count besides.")
    webhook: str | None
    email: str | None


class ScheduleReceipt(ScheduleDetails):
    """A schedule whose list was read just now."""

    n_rejected: int = Field(description="Lines of its list of which no run fetches anything.")
    rejected: list[RejectedLine] = Field(description="The first 1,000.")


class SchedulesResponse(ResponseBody):
    """Schedules."""

    schedules: list[ScheduleResponse]
