"""A mix as its page gives it, in wikitext or in HTML, and the set that it is."""

from __future__ import annotations

from dataclasses import dataclass, field

from tlray.core.model.tracklists import make_set
from tlray.model import Tracklist
from tlray.sites.mixesdb.title import read_title, styles
from tlray.sites.mixesdb.urls import page_url
from tlray.sites.text import Dialect, FoundList, find_list

NAME = "mixesdb"
VERSION = "mixesdb/1"
LICENCE = "CC-BY-SA-3.0-US"
_STATE = "Tracklist:"


@dataclass(slots=True, kw_only=True)
class Mix:
    """The parts of a mix's page."""

    key: str
    title: str
    page_id: str | None = None
    revision: str | None = None
    lines: str = ""
    """Its list, in the notation of wikitext."""
    durations_s: list[float] = field(default_factory=list)
    """Of each of its files."""
    players: list[str] = field(default_factory=list)
    categories: list[str] = field(default_factory=list)

    @property
    def state(self) -> str:
        """What the page says of its list: ``complete``, ``incomplete``, ``none``; "" if nothing."""
        said = (name.removeprefix(_STATE).strip() for name in self.categories if name.startswith(_STATE))
        return next(said, "").lower()


def set_of(mix: Mix, *, url: str, media_type: str) -> Tracklist | str:
    """Return the set of a mix, or the reason why it has none; without tracks only if the page says that there is no list."""
    found = (
        find_list(mix.lines, dialect=Dialect.MIXESDB, duration_s=_only(mix.durations_s))
        if mix.lines.strip()
        else None
    )
    if not isinstance(found, FoundList):
        if found is not None or mix.state != "none":
            return "no list of tracks" if found is None else found.reason
        found = FoundList([], [], [])
    issues = list(found.issues)
    if len(mix.durations_s) == 1 and any((track.recording or 1) > 1 for track in found.tracks):
        issues.append("parts of one file")
    if mix.state == "incomplete":
        issues.append("incomplete")
    named = read_title(mix.title, mix.categories)
    if not named.has_date:
        issues.append("date without a day")
    return make_set(
        found.tracks,
        title=mix.title,
        url=url or page_url(mix.key),
        site=NAME,
        source_id=mix.key,
        page_url=page_url(mix.key),
        page_id=mix.page_id,
        date=named.date,
        djs=named.djs,
        sources=named.sources,
        genres=styles(
            mix.categories, "\n".join([mix.title, *(track.section or "" for track in found.tracks)])
        ),
        is_live=named.is_live,
        duration_s=_only(mix.durations_s),
        recordings=mix.players,
        quality_issues=issues,
        parser=VERSION,
        licence=LICENCE,
        attribution="MixesDB",
        revision=mix.revision,
        media_type=media_type,
    )


def _only(durations_s: list[float]) -> float | None:
    return durations_s[0] if len(durations_s) == 1 else None
