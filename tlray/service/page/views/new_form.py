"""The form of a new batch: its fields as the request that the API takes."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from datetime import datetime
from io import BytesIO
from typing import Any, Final, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import ValidationError
from starlette.datastructures import FormData

from tlray.io.intake.list_text import text_lines
from tlray.service.http.bodies import LINES
from tlray.service.http.problems import ProblemError
from tlray.service.http.validation_errors import faults_of
from tlray.service.page.form import field as text_of
from tlray.service.schemas.batches import MAX_URLS, BatchRequest, RequestBody
from tlray.service.schemas.schedules import ScheduleRequest
from tlray.service.submission.list_body import SentList

Model = TypeVar("Model", bound=RequestBody)
VARIABLE: Final = "var."
_RANGE: Final = re.compile(r"(-?\d{1,15})\s*(?:-|–|\.\.|to)\s*(\d{1,15})")
PLACES: Final = {
    "urls": "lines", "template": "variables", "variables": "variables", "name": "name", "priority": "priority",
    "not_before": "not_before",
    "webhook": "webhook", "email": "email", "cron": "cron", "timezone": "timezone", "options": "fresh_for",
    "refresh": "budget", "overlap": "overlap", "catch_up": "catch_up",
}  # fmt: skip
"""Fields of a request → of the form."""


@dataclass
class NewForm:
    """What a form of a new batch says."""

    given: dict[str, str]
    faults: list[tuple[str, str]] = field(default_factory=list)
    """(field of the form, what is wrong)."""

    @property
    def lines(self) -> list[str]:
        """The lines of the list."""
        return list(text_lines(BytesIO(self.given.get("lines", "").encode())))

    @property
    def urls(self) -> list[str]:
        """The URLs of the list, without empty lines and comments."""
        stripped = (line.strip() for line in self.lines)
        return [line for line in stripped if line and not line.startswith("#")]

    def sent(self, request: BatchRequest) -> SentList:
        """Return the list as the API reads one."""
        digest = hashlib.sha256(repr(sorted(self.given.items())).encode()).hexdigest()
        if request.template is not None:
            return SentList(request.urls, "application/json", request, digest)
        return SentList(self.lines, LINES[0], request, digest)

    def batch(self) -> BatchRequest | None:
        """Return the request for a batch; None if a field is not valid (`faults`)."""
        if not self.given.get("template") and len(self.lines) > MAX_URLS:
            self.faults.append(
                (
                    "lines",
                    f"{len(self.lines):,} lines; {MAX_URLS:,} at most without a script: use `tlray submit`",
                )
            )
        return self._checked(BatchRequest, self._work() | {"not_before": self._start()})

    def schedule(self) -> ScheduleRequest | None:
        """Return the request for a schedule."""
        given = self.given
        times: dict[str, Any] = {name: given[name] for name in ("overlap", "catch_up") if given.get(name)}
        times |= {
            "cron": given["cron"],
            "timezone": given.get("timezone") or "UTC",
            "paused": "paused" in given,
        }
        urls: dict[str, Any] = {} if given.get("template") else {"urls": self.urls}
        if "budget" in given:
            urls = {"refresh": {"budget": whole(given["budget"]), "within": given.get("within") or "24h"}}
        return self._checked(ScheduleRequest, self._work() | urls | times)

    def check_start(self) -> None:
        """Note a start that a schedule would not heed."""
        if self.given.get("cron") and self.given.get("not_before"):
            self.faults.append(
                ("not_before", "A schedule starts when its cron line says: empty one of the two.")
            )

    def _work(self) -> dict[str, Any]:
        given, options = self.given, {}
        if given.get("fresh_for"):
            options["fresh_for"] = given["fresh_for"]
        work: dict[str, Any] = {
            "name": given.get("name", ""), "priority": given.get("priority") or "normal", "options": options,
            "webhook": given.get("webhook") or None, "email": given.get("email") or None,
        }  # fmt: skip
        if given.get("template"):
            values = {
                name.removeprefix(VARIABLE): value_of(text)
                for name, text in given.items()
                if name.startswith(VARIABLE) and text
            }
            work |= {"template": given["template"], "variables": values}
        return work

    def _start(self) -> float | None:
        text = self.given.get("not_before", "")
        if not text:
            return None
        try:
            zone = ZoneInfo(self.given.get("timezone") or "UTC")
            return datetime.fromisoformat(text).replace(tzinfo=zone).timestamp()
        except (ValueError, ZoneInfoNotFoundError, OSError, OverflowError):
            self.faults.append(("not_before", "give a day and a time, such as 2026-12-31 03:00"))
            return None

    def _checked(self, model: type[Model], said: dict[str, Any]) -> Model | None:
        try:
            request = model(**{name: value for name, value in said.items() if value is not None})
        except ValidationError as error:
            self.add_faults(faults_of(error.errors(), of="body", sent=said))
            return None
        return None if self.faults else request

    def take(self, error: ProblemError) -> None:
        """Take in the faults of a problem; one that no field causes is raised."""
        if error.status_code in (401, 503):
            raise error
        self.add_faults(list(error.errors) or [("body.urls", str(error.detail))])

    def add_faults(self, faults: list[tuple[str, str]]) -> None:
        """Add faults of a request, at the fields of the form that they belong to."""
        for where, what in faults:
            parts = where.removeprefix("body").lstrip(".").split(".")
            place = PLACES.get(parts[0].partition(":")[0], "lines")
            if parts[0] == "variables" and len(parts) > 1:
                place = VARIABLE + parts[1]
            self.faults.append((place, what))


def read_form(form: FormData) -> NewForm:
    """Return what a form says."""
    given = {name: text_of(form, name) for name in form if name != "csrf"}
    lines = form.get("lines")
    return NewForm({**given, "lines": lines if isinstance(lines, str) else ""})


def whole(text: str) -> int | str:
    """Return a whole number; the text itself if it is none, so that the fault names it."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else text


def value_of(text: str) -> Any:
    """Return the value of a variable: a range (`1-50`), several with commas, or one."""
    if match := _RANGE.fullmatch(text.strip()):
        first, last = int(match[1]), int(match[2])
        if first <= last:
            return {"from": first, "to": last}
    parts = [part.strip() for part in text.split(",") if part.strip()]
    return parts if len(parts) > 1 else text.strip()


def value_text(value: Any) -> str:
    """Return a value as it is typed."""
    if isinstance(value, dict):
        return f"{value.get('from')}-{value.get('to')}"
    return ", ".join(str(one) for one in value) if isinstance(value, list | tuple) else str(value)
