"""``/catalogue/{site}/{source_id}``: a set as a tracklist, one of its versions, or two of them compared.

``?version=2`` is the second version; ``?version=3&against=2`` compares two, whichever of them is named first; ``?against=`` the
newest with the last one that differs from it. ``?changes=CURSOR`` goes on in the list of changes, ``?only=unknown`` and
``?only=changes`` leave out the other rows. A script is told how many versions there are.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from tlray.core.model.durations import as_clock
from tlray.export.formats import all_formats
from tlray.io.results.store import PartMoved
from tlray.service.auth.principal import Principal
from tlray.service.backend.gateway import Gateway
from tlray.service.http.problems import ProblemError
from tlray.service.page.addresses import export_path, name_path, search_path, set_path
from tlray.service.page.calls import body_of
from tlray.service.page.change_words import by_version, time_of
from tlray.service.page.comparison import compared, in_words
from tlray.service.page.missing import missing
from tlray.service.page.quality_words import issues_of
from tlray.service.page.rendering import render, wants_json
from tlray.service.page.timeline import as_it_stands, as_text, lanes_of, name_of, table_of
from tlray.service.routes import catalogue
from tlray.service.routes.dependencies import Reader, TheGateway, TheStreams

router = APIRouter(include_in_schema=False)
CHANGES: Final = 40
"""On a page of the list of changes."""
VERSIONS: Final = 200
"""That are listed; others are reached by their number."""
Version = dict[str, Any]
"""A version as the API's JSON has it."""


class Player(NamedTuple):
    """A recording of a set, of which rows have the number."""

    url: str
    text: str


class Chosen(NamedTuple):
    """What the address asks for."""

    version: int | None = None
    """None: the newest one."""
    against: int | None = None
    """An older one that it is compared with; None: nothing is compared."""
    fault: str = ""


@router.get("/catalogue/{site}/{source_id:path}")
async def one(
    request: Request,
    gateway: TheGateway,
    streams: TheStreams,
    principal: Reader,
    site: str,
    source_id: catalogue.SourceId,
) -> Response:
    """Show a set."""
    query = request.query_params
    is_merged = query.get("merged") == "true"
    try:
        listed = await catalogue.versions(gateway, principal, site, source_id)
    except ProblemError as error:
        if error.status_code != 404:
            raise
        text = "There is no such set, or it is in the batches of somebody else."
        title = "This set is not in the catalogue"
        return await missing(request, gateway, principal, title=title, text=text, words=source_id)
    versions: list[Version] = body_of(listed)["versions"]
    if wants_json(request):
        return JSONResponse({"newest": str(len(versions))})
    chosen = Chosen() if is_merged else choose(query, versions)
    (shown, older, fault), changed = await asyncio.gather(
        _read(gateway, principal, site, source_id, chosen, is_merged=is_merged),
        catalogue.list_changes(
            gateway, streams, principal, site=site, source_id=source_id, order=catalogue.Order.NEWEST,
            before=query.get("changes"), limit=CHANGES,
        ),
    )  # fmt: skip
    changes = [json.loads(line) for line in bytes(changed.body).splitlines()]
    newest = newest_of(versions)["version"]
    return render(
        request,
        "set.html",
        status=404 if fault else 200,
        fault=fault,
        is_merged=is_merged,
        chosen=chosen,
        comparison=None if older is None else compared(older, shown),
        only=query.get("only", ""),
        issues=issues_of(shown["quality_issues"], has_others=bool(shown["same_as"]) and not is_merged),
        versions=[_told(version) for version in versions[:VERSIONS]],
        n_versions=len(versions),
        newest=newest,
        pair=(newest, before_of(versions, newest)),
        changes=by_version(changes),
        is_first_page=query.get("changes") is None,
        older_changes=changed.headers["x-next-cursor"] if len(changes) == CHANGES else "",
        path=set_path(site, source_id),
        set_site=site,
        set_id=source_id,
        **_drawn(shown, has_lanes=older is None),
        **HELPERS,
    )


def _drawn(shown: dict[str, Any], *, has_lanes: bool) -> dict[str, Any]:
    """Return a version as the template draws it."""
    tracks, duration_s = shown["tracks"], shown["duration_s"]
    return {
        "set": shown,
        "lanes": lanes_of(tracks, duration_s) if has_lanes else [],
        "rows": table_of(tracks, duration_s),
        "text": as_text(tracks, duration_s),
        "n_positions": sum(track["kind"] == "main" for track in tracks),
        "players": players_of(shown["recordings"]),
    }


def choose(query: Mapping[str, str], versions: Sequence[Version]) -> Chosen:
    """Return which versions a query asks for."""
    numbers = {}
    for name in ("version", "against"):
        text = query.get(name, "").strip()
        if text and not (
            text.isascii() and text.isdecimal() and len(text) < 10 and 1 <= int(text) <= len(versions)
        ):
            there_are = "is only version 1" if len(versions) == 1 else f"are versions 1 to {len(versions)}"
            return Chosen(fault=f"There is no version “{text[:40]}” of this set: there {there_are}.")
        numbers[name] = int(text) if text else None
    version, against = numbers["version"], numbers["against"]
    newest = newest_of(versions)["version"]
    if "against" not in query:
        return Chosen(None if version == newest else version)
    version = newest if version is None else version
    against = before_of(versions, version) if against is None else against
    if against is None:
        return Chosen(fault="There is no version before the first one to compare it with.")
    if version == against:
        return Chosen(fault=f"That is version {version} twice. Choose another one to compare it with.")
    return Chosen(max(version, against), min(version, against))


def newest_of(versions: Sequence[Version]) -> Version:
    """Return the newest version, which need not be the one that was published last."""
    return next((version for version in versions if version["is_newest"]), versions[0])


def before_of(versions: Sequence[Version], number: int) -> int | None:
    """Return the last version before one that differs from it; the one right before it where none does, None of the first."""
    (digest,) = (version["digest"] for version in versions if version["version"] == number)
    older = [version for version in versions if version["version"] < number]
    differing = (version["version"] for version in older if version["digest"] != digest)
    return next(differing, older[0]["version"] if older else None)


def players_of(recordings: Sequence[str]) -> list[Player]:
    """Return the recordings of a set: an address by its host, an id of a player as it is."""
    players = []
    for text in recordings:
        try:
            host = urlsplit(text).hostname or ""
        except ValueError:
            host = ""
        players.append(Player(text, host.removeprefix("www.") or text[:80]))
    return players


async def _read(
    gateway: Gateway, principal: Principal, site: str, source_id: str, chosen: Chosen, *, is_merged: bool
) -> tuple[dict[str, Any], dict[str, Any] | None, str]:
    """Return the version that is shown, the one that it is compared with, and what is wrong."""

    async def read(version: int | None = None) -> dict[str, Any]:
        answer = await catalogue.one(gateway, principal, site, source_id, merged=is_merged, version=version)
        found: dict[str, Any] = json.loads(bytes(answer.body))
        return found

    try:
        shown = await read(chosen.version)
        return shown, None if chosen.against is None else await read(chosen.against), chosen.fault
    except PartMoved:
        if chosen.version is None:
            raise
        return (
            await read(),
            None,
            "The file that has that version is lost or damaged. This is the newest version.",
        )


def _told(version: Version) -> Version:
    return version | {"at": _epoch(version["fetched_at"]), "words": in_words(version["changes"], most=2)}


def _epoch(text: str | None) -> float | None:
    return None if text is None else datetime.fromisoformat(text).timestamp()


HELPERS: Final[dict[str, Any]] = {
    "export_path": export_path, "formats": all_formats(), "time_of": time_of, "clock": as_clock, "epoch": _epoch,
    "set_path": set_path, "search_path": search_path, "name_path": name_path, "name_of": name_of, "as_it_stands": as_it_stands,
    "track_name": lambda row: f"{row['artist']} - {row['title']}",
}  # fmt: skip
"""What the template calls."""
