"""The recordings that the page embeds, and how long they run.

``.mediaLink[data-idmedia]`` elements stand above the rows, one for each tab ``Player n``, numbered anew for
every source (13 YouTube, 10 SoundCloud, ..), with the medium's id in a class: ``mediaItem<id>``. ``Player n``
in the rows' headings means YouTube's where there is YouTube, so those ids are kept; else those of the first
source that has any.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from selectolax.lexbor import LexborHTMLParser

from tlray.sites.tracklists1001.wording import iso_duration_s, spoken_duration_s

_YOUTUBE = "13"
_ITEM = "mediaItem"
_YT_PLAYER = re.compile(rb"ytPlayer\.idPlayer\s*=\s*[\"']([\w-]{1,64})[\"']")
_YT_DURATION = re.compile(rb"ytPlayer\.duration\s*=\s*[\"']?(\d{1,7})\b")
_INFO_DURATION = re.compile(rb"Duration\s*</(?:div|td|th)>\s*<(?:div|td)[^>]{0,200}>\s*([^<]{1,100})<")


@dataclass(slots=True)
class Players:
    """The page's recordings and their numbers."""

    recordings: list[str] = field(default_factory=list)
    number_of: dict[str, int] = field(default_factory=dict)
    """Medium's id to player's number, for every source."""


def find_players(tree: LexborHTMLParser, page: bytes) -> Players:
    """The ids of the embedded media, in the order of the players."""
    by_source: dict[str, dict[str, None]] = {}
    if b"data-idmedia" in page:
        for link in tree.css("[data-idmedia]"):
            attributes = link.attributes
            ids = by_source.setdefault(attributes.get("data-idsource") or "", {})
            for name in (attributes.get("class") or "").split():
                item = name.removeprefix(_ITEM) if name.startswith(_ITEM) else ""
                if item:
                    ids[item] = None
    if not any(by_source.values()) and b"ytPlayer.idPlayer" in page:
        by_source[_YOUTUBE] = dict.fromkeys(item.decode("ascii") for item in _YT_PLAYER.findall(page))
    found = by_source.get(_YOUTUBE) or next(filter(None, by_source.values()), {})
    number_of = {item: number for ids in by_source.values() for number, item in enumerate(ids, 1)}
    return Players(list(found), number_of)


def duration_s(tree: LexborHTMLParser, page: bytes) -> float | None:
    """The duration of the set: from the info box, else the embedded video, else its player's script."""
    said = _INFO_DURATION.search(page)
    seconds = spoken_duration_s(said.group(1).decode("utf-8", "replace")) if said else None
    if seconds is None and b"VideoObject" in page:
        video = tree.css_first('[itemtype$="VideoObject"] > meta[itemprop=duration]')
        seconds = iso_duration_s(video.attributes.get("content")) if video is not None else None
    if seconds is None and (script := _YT_DURATION.search(page)):
        seconds = float(script.group(1)) or None
    return seconds
