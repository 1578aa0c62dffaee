"""M3U8 playlists: an entry a chapter, all of the same recording, with the options by which VLC seeks.

A player that does not know them (mpv) plays the recording from its beginning, under the first chapter's name.
"""

from __future__ import annotations

from collections.abc import Iterator

from tlray.export.chapters import MS, Chapters, chapter_title, chapters_of
from tlray.export.interface import Format, LeftOut, SetFile
from tlray.export.json_shape import encode
from tlray.export.media_name import media_name
from tlray.export.options import PlayerOptions
from tlray.export.safe_text import one_line
from tlray.model import Tracklist


def per_set(tracklist: Tracklist, options: PlayerOptions) -> Iterator[SetFile | LeftOut]:
    """Yield a playlist for each recording: none for one without a single cue."""
    for found in chapters_of(tracklist, options, ticks_per_s=MS):
        if isinstance(found, LeftOut):
            yield found
        else:
            yield SetFile((encode(_text(found, options)),), found.label)


def _text(chapters: Chapters, options: PlayerOptions) -> str:
    place = one_line(media_name(chapters.tracklist, chapters.label, options))
    place = f"./{place}" if place.startswith("#") else place  # or it would be a comment
    lines = ["#EXTM3U", f"#PLAYLIST:{one_line(chapters.title)}"]
    lines += [f"# {one_line(note)}" for note in chapters.notes]
    for start, end in chapters.spans():
        length = -1 if end is None else (end - start.at + MS // 2) // MS
        lines.append(f"#EXTINF:{length},{one_line(chapter_title(start))}")
        lines.append(f"#EXTVLCOPT:start-time={start.at / MS:.3f}")
        if end is not None:
            lines.append(f"#EXTVLCOPT:stop-time={end / MS:.3f}")
        lines.append(place)
    return "\n".join(lines) + "\n"


FORMAT = Format(
    name="m3u8",
    suffix=".m3u8",
    media_type="application/vnd.apple.mpegurl",
    about="M3U8 playlist of a recording's chapters, for VLC; only tracks whose start is known",
    options=PlayerOptions(),
    per_set=per_set,
)
