"""Releases and masters of Discogs, as its interface answers them."""

from __future__ import annotations

import re
from typing import Any

from tlray.core.model.tracklists import make_set
from tlray.model import FoundSet, PageKind, ParsedPage
from tlray.sites.discogs.tracklist import artists_of, name_of, rows_of
from tlray.sites.discogs.urls import API, DOMAIN, id_of
from tlray.sites.fields import clean, day
from tlray.sites.json_text import BadJsonError, load, number, string

VERSION = "discogs/1"
_MIXED = (re.compile(r"\b(?:DJ Mix|Mixed By)\b"), re.compile(r"\bCompiled By\b"))


def parse_page(body: bytes, *, url: str) -> ParsedPage:
    """Read a release or a master. See `SiteParser.parse`."""
    try:
        data = load(body)
    except BadJsonError as error:
        return ParsedPage(PageKind.UNKNOWN, str(error))
    if isinstance(data, dict) and isinstance(data.get("releases"), list):
        return _of_list(data)
    if not isinstance(data, dict) or number(data.get("id")) is None:
        message = string(data.get("message")) if isinstance(data, dict) else ""
        is_gone = "not found" in message.lower()
        return ParsedPage(PageKind.GONE if is_gone else PageKind.UNKNOWN, message[:200] or "no release")
    if "tracklist" not in data:
        return ParsedPage(PageKind.SEARCH, "an answer about something else than a release")
    kind = "master" if "main_release" in data else "release"
    formats = _listed(data.get("formats"))
    artist = artists_of(data.get("artists"))
    album_artist = "" if artist.lower().startswith("various") else artist
    tracklist = data["tracklist"] if isinstance(data["tracklist"], list) else []
    rows = rows_of(tracklist, album_artist=album_artist, n_discs=sum(map(_quantity, formats)))
    if not rows:
        return ParsedPage(PageKind.UNKNOWN, "a release without tracks")
    is_mixed = any("Mixed" in (one.get("descriptions") or []) for one in formats)
    identity = str(int(data["id"]))
    page_url = f"https://www.{DOMAIN}/{kind}/{identity}"
    made = make_set(
        rows, title=clean(string(data.get("title"))) or "untitled", url=url or page_url, site="discogs",
        source_id=id_of(kind, identity), page_url=page_url, page_id=identity,
        djs=_djs(data) or [name for one in _listed(data.get("artists")) if (name := name_of(one)) and album_artist],
        sources=list(dict.fromkeys(name for one in _listed(data.get("labels")) if (name := name_of(one)))),
        genres=_texts(data.get("styles")) or _texts(data.get("genres")), published=day(string(data.get("released"))),
        quality_issues=[] if is_mixed else ["not marked as mixed"], parser=VERSION, licence="CC0-1.0", attribution="Discogs",
        revision=string(data.get("date_changed")) or None, media_type="application/json",
    )  # fmt: skip
    return ParsedPage(PageKind.TRACKLIST, None, (made,))


def _of_list(data: dict[str, Any]) -> ParsedPage:
    """Return the releases of an artist or a label, and where the list goes on."""
    found: dict[str, FoundSet] = {}
    for one in _listed(data["releases"]):
        kind = "master" if one.get("type") == "master" else "release"
        if (identity := number(one.get("id"))) is not None:
            url = f"https://www.{DOMAIN}/{kind}/{int(identity)}"
            names = (clean(string(one.get("artist"))), clean(string(one.get("title"))))
            found.setdefault(url, FoundSet(url, " - ".join(filter(None, names))))
    pagination = data.get("pagination")
    urls = pagination.get("urls") if isinstance(pagination, dict) else None
    more = string(urls.get("next")) if isinstance(urls, dict) else ""
    next_url = more if more.startswith(f"https://{API}/") else None
    return ParsedPage(
        PageKind.SEARCH, f"a list of {len(found)} releases", found=tuple(found.values()), next_url=next_url
    )


def _djs(data: dict[str, Any]) -> list[str]:
    """Return who mixed it, else who compiled it."""
    credited = _listed(data.get("extraartists"))
    for role in _MIXED:
        if found := [name_of(one) for one in credited if role.search(string(one.get("role")))]:
            return list(dict.fromkeys(filter(None, found)))
    return []


def _quantity(one: dict[str, Any]) -> int:
    quantity = string(one.get("qty"))
    return int(quantity) if quantity.isascii() and quantity.isdigit() and len(quantity) < 4 else 0


def _listed(value: Any) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _texts(value: Any) -> list[str]:
    return [text for one in value if (text := clean(string(one)))] if isinstance(value, list) else []
