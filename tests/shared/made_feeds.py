"""Feeds, chapters and descriptions for tests; all names are invented."""

from __future__ import annotations

import html
import json

NAMESPACES = (
    'xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd" xmlns:content="http://purl.org/rss/1.0/modules/content/" '
    'xmlns:psc="http://podlove.org/simple-chapters" xmlns:podcast="https://podcastindex.org/namespace/1.0"'
)
TRACKS = [
    (0, "Nora Field", "Harbour Lights (Extended Mix)"),
    (195, "Kepler & Moss", "Salt"),
    (421, "The Quiet Engine", "Overpass"),
    (633.5, "Ilse Brandt", "Night Ferry (Kepler Remix)"),
    (4210, "ID", "ID"),
]
LINES = [f"{number}. {artist} - {title}" for number, (_, artist, title) in enumerate(TRACKS, 1)]


def item(
    inside: str = "",
    *,
    title: str = "Tidal Radio 12",
    guid: str = "https://tidal.example/12",
    link: bool = True,
) -> str:
    address = "<link>https://tidal.example/12</link>" if link else ""
    return f"<item><title>{title}</title><guid>{guid}</guid>{address}{inside}</item>"


def rss(*items: str, channel: str = "") -> bytes:
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><rss version="2.0" {NAMESPACES}><channel><title>Tidal Radio</title>'
        f"<link>https://tidal.example/</link>{channel}{''.join(items)}</channel></rss>"
    ).encode()


def simple_chapters(tracks=TRACKS) -> str:
    marks = "".join(
        f'<psc:chapter start="{int(s) // 3600:02}:{int(s) // 60 % 60:02}:{s % 60:06.3f}" title="{html.escape(f"{a} - {t}")}"/>'
        for s, a, t in tracks
    )
    return f'<psc:chapters version="1.2">{marks}</psc:chapters>'


def podcasting_chapters(tracks=TRACKS, **said: object) -> bytes:
    chapters = [{"startTime": s, "title": f"{a} - {t}"} for s, a, t in tracks]
    return json.dumps({"version": "1.2.0", **said, "chapters": chapters}).encode()


def info_json(description: str, **said: object) -> bytes:
    known = {
        "id": "a1b2c3d4e5f",
        "title": "Tidal Radio 12 (Live)",
        "extractor": "youtube",
        "extractor_key": "Youtube",
        "webpage_url": "https://www.youtube.com/watch?v=a1b2c3d4e5f",
        "uploader": "Tidal Radio",
        "upload_date": "20260515",
        "duration": 4500,
        "description": description,
    }
    return json.dumps(known | said).encode()
