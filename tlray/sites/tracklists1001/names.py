"""A track's artist, title and identity.

The site's own export prints ``meta name`` + qualifiers + ``[labels]``; so does ``text``. ``meta name`` is
``Artist ft. X - Title (Mix)``, split at the first `` - ``. Qualifiers (``(Intro Edit)``, ``(ID Remix)``)
stand outside it; they belong to the title. The site cuts ``meta name`` at 255 characters: at that length
``artist`` and ``title`` are read from what is visible.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from tlray.model import Identity
from tlray.sites.tracklists1001.rows import Row
from tlray.sites.tracklists1001.wording import clean

CUT_AT = 255
"""Characters that the site keeps of a name."""

_SPLIT = " - "
_UNKNOWN_TITLE = re.compile(r"ID(?: \(.*)?")
_UNKNOWN_REMIX = re.compile(r"\bID (?:re)?(?:mix|work|edit|bootleg|mashup|flip|dub)\b", re.IGNORECASE)


class Name(NamedTuple):
    """A track's name in its parts, and as the site's export prints it."""

    artist: str
    title: str
    text: str
    identity: Identity


def name_of(row: Row) -> Name | None:
    """The row's name; None where the row has none that can be read."""
    printed = _printed_name(row)
    if not printed:
        return None
    whole = row.shown_name() if _is_cut(row) else printed
    artist, title = _split(whole or printed, row)
    qualifiers = " ".join(filter(None, row.qualifiers)) if row.qualifiers else ""
    text = printed
    if qualifiers:
        text = f"{printed} {qualifiers}"
        title = f"{title} {qualifiers}".strip()
    labels = "/".join(row.labels)
    return Name(
        artist, title, f"{text} [{labels}]" if labels else text, _identity(row, artist, title, qualifiers)
    )


def _printed_name(row: Row) -> str:
    meta = clean(row.metas.get("name"))
    if meta and not row.is_old:
        return meta
    shown = row.shown_name()
    if not shown and meta:
        by_artist = clean(row.metas.get("byArtist"))
        return f"{by_artist}{_SPLIT}{meta}" if by_artist else meta
    return shown or ("ID - ID" if row.data.get("data-isid") == "true" else "")


def _is_cut(row: Row) -> bool:
    return len(row.metas.get("name", "")) == CUT_AT


def _split(name: str, row: Row) -> tuple[str, str]:
    artist, found, title = name.partition(_SPLIT)
    if found:
        return artist, title
    return clean(row.metas.get("byArtist")), name


def _identity(row: Row, artist: str, title: str, qualifiers: str) -> Identity:
    if row.data.get("data-isid") == "true" or (artist == "ID" and title == "ID"):
        return Identity.ID
    if qualifiers and _UNKNOWN_REMIX.search(qualifiers):
        return Identity.ID_REMIX
    if row.data.get("data-isided") == "true":
        return Identity.IDENTIFIED
    if _UNKNOWN_TITLE.fullmatch(title) or artist == "ID":
        return Identity.ID_TITLE
    return Identity.ID_REMIX if _UNKNOWN_REMIX.search(title) else Identity.IDENTIFIED
