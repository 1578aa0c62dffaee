"""The list of a scheduled run: its URLs, or those of its template with the values of the clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from tlray.core.model.item import Priority
from tlray.core.schedules.built_in_templates import BUILT_IN
from tlray.core.schedules.schedule import zone_of
from tlray.core.schedules.template import clock_values, fill
from tlray.core.scheduling.batch_config import BatchConfig
from tlray.core.submission.lines import Chunk
from tlray.core.submission.rules import CONTACT_BY_OPERATOR, ListRules
from tlray.errors import UsageError
from tlray.io.intake.url_list import read_line, stripped
from tlray.io.journal.reader import JournalReader
from tlray.io.journal.service_rows import ScheduleRow


@dataclass(frozen=True, slots=True)
class Work:
    """One run's list."""

    name: str
    priority: Priority
    chunk: Chunk


def read_work(
    journal: JournalReader,
    row: ScheduleRow,
    at: float,
    terms: BatchConfig | None = None,
    *,
    chosen: list[str] | None = None,
) -> Work:
    """Return the list of a run at a moment; UsageError or ValueError says why there is none.

    ``row.work`` has ``urls``, or ``template`` and ``variables``, or ``refresh``, whose URLs are ``chosen``; and ``priority``,
    ``options``, ``contact``. The contact of ``terms`` replaces the last one.
    """
    local = datetime.fromtimestamp(at, UTC).astimezone(zone_of(row.timing.timezone))
    said = row.work
    urls, name = said.get("urls") or [], ""
    if chosen is not None:
        urls, name = chosen, "refresh"
    if said.get("template"):
        template = BUILT_IN.get(said["template"]) or journal.template(row.owner, said["template"])
        if template is None:
            raise UsageError(f"there is no template {said['template']!r} any more")
        filled = fill(template, said.get("variables") or {}, clock_values(local))
        urls, name = list(filled.urls), filled.batch_name
    rules = ListRules(said.get("contact") if terms is None else terms.contact, hint=CONTACT_BY_OPERATOR)
    chunk = rules.apply(chunk_of(urls))
    name = row.name or name or "scheduled"
    return Work(f"{name[:180]} {local:%Y-%m-%d %H:%M}", Priority[said["priority"].upper()], chunk)


def chunk_of(urls: list[str]) -> Chunk:
    """Read URLs, each of which counts as a line."""
    return Chunk.of(read_line(number, stripped(url)) for number, url in enumerate(urls, 1))
