"""XSPF playlists: all rows of a set in the page's order.

A row with an exact cue has the recording as its location and the options by which VLC plays that part of it. A row without has
a name only, which the format allows: a player passes it over.
"""

from __future__ import annotations

from collections.abc import Iterator

from tlray.export.chapters import MS, chapters_of
from tlray.export.interface import Format, LeftOut, SetFile
from tlray.export.json_shape import encode
from tlray.export.media_name import as_uri, media_name
from tlray.export.options import PlayerOptions
from tlray.export.safe_text import in_xml, web_address
from tlray.model import Track, TrackKind, Tracklist

NAMESPACE = "http://xspf.org/ns/0/"
VLC = "http://www.videolan.org/vlc/playlist/0"
Part = tuple[str, int, int | None]
"""The part of a recording: where it lies, start and end."""


def per_set(tracklist: Tracklist, options: PlayerOptions) -> Iterator[SetFile | LeftOut]:
    """Yield one playlist, and the rows whose start it does not have."""
    parts: dict[int, Part] = {}
    left_out = []
    for found in chapters_of(tracklist, options, ticks_per_s=MS):
        if isinstance(found, LeftOut):
            left_out.append(found)
            continue
        place = as_uri(media_name(tracklist, found.label, options))
        for start, end in found.spans():
            if start.track is not None:
                parts[start.track.index] = (place, start.at, end)
    yield SetFile((encode(_text(tracklist, parts, [one.reason for one in left_out])),))
    yield from left_out


def _text(tracklist: Tracklist, parts: dict[int, Part], notes: list[str]) -> str:
    about = {
        "title": tracklist.title,
        "creator": ", ".join(tracklist.djs),
        "annotation": "; ".join(notes),
        "info": web_address(tracklist.url),
    }
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<playlist version="1" xmlns="{NAMESPACE}" xmlns:vlc="{VLC}">',
    ]
    lines += [f"  {element}" for element in _elements(about)]
    lines.append("  <trackList>")
    rows = [track for track in tracklist.tracks if track.kind is not TrackKind.MASHUP_PART]
    for number, track in enumerate(rows, 1):
        lines += [
            "    <track>",
            *(f"      {line}" for line in _track(track, number, parts.get(track.index))),
            "    </track>",
        ]
    return "\n".join([*lines, "  </trackList>", "</playlist>"]) + "\n"


def _track(track: Track, number: int, part: Part | None) -> Iterator[str]:
    place, start, end = part or ("", 0, None)
    yield from _elements(
        {
            "location": place,
            "title": track.title or track.text,
            "creator": track.artist,
            "annotation": " / ".join(track.labels),
            "info": web_address(track.track_url),
            "image": web_address(track.artwork_url),
            "trackNum": str(number),
            "duration": "" if end is None else str(end - start),
        }
    )
    if part is not None:
        yield f'<extension application="{VLC}">'
        yield f"  <vlc:option>start-time={start / MS:.3f}</vlc:option>"
        if end is not None:
            yield f"  <vlc:option>stop-time={end / MS:.3f}</vlc:option>"
        yield "</extension>"


def _elements(values: dict[str, str]) -> Iterator[str]:
    return (f"<{name}>{text}</{name}>" for name, value in values.items() if (text := in_xml(value)))


FORMAT = Format(
    name="xspf",
    suffix=".xspf",
    media_type="application/xspf+xml",
    about="XSPF playlist, one a set; VLC plays the tracks whose start is known",
    options=PlayerOptions(),
    per_set=per_set,
)
