r"""CUE sheets that every player reads, one a recording: the safe profile.

The specification (CDRWIN's manual) and what libcue 2.2, VLC, mpv, MPD and Kodi make of it leave this much:

* UTF-8 without a byte order mark (VLC fails on one), lines ended by ``\n``, the last one too (libcue);
* values always quoted; there is no escape, so ``"`` becomes ``'`` and control characters and line separators
  become blanks; a backslash at the end gets a blank behind it, for libcue takes ``\"`` to go on;
* in a REM the words DATE, GENRE and REPLAYGAIN_… are changed, for libcue takes them for commands wherever
  they stand;
* FILE is ``MP3`` for a name in ``.mp3`` and ``WAVE`` for all else, within the first 2,048 bytes (VLC):
  longer heads are cut;
* no commands but REM, PERFORMER, TITLE, FILE, TRACK, INDEX 01 (mpv refuses a sheet with another);
* times are MM:SS:FF with 75 frames a second; minutes go beyond 99;
* the first INDEX is 00:00:00. Where the first known start is later, the time before it is a track named
  ``(before the first cue)``; a start within 4 s, the shortest track that a CD may have, is moved to 00:00:00
  and a REM says so;
* only cues that are exact to the second become an INDEX, unless a user asks for others too;
* tracks that are left out are named in REMs at the end; `starts.py` says which and why;
* at most 99 tracks, see `Over99`. Sheets of a split are all of the same file with its true times, so each but
  the first begins with a track named ``(before this part)``.

Sites that read the tracklist of an upload from a sheet (Mixcloud, stations) show every track of it as one that was played. The
profile ``mixcloud`` has true tracks only, in one sheet without REM, the first at its own time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tlray.export.chapters import BEFORE_FIRST, chapters_of
from tlray.export.cue_limit import within_99
from tlray.export.filenames import whole_letters
from tlray.export.interface import Format, LeftOut, SetFile
from tlray.export.json_shape import encode
from tlray.export.media_name import media_name
from tlray.export.options import CueOptions, CueProfile, Over99
from tlray.export.safe_text import CONTROLS
from tlray.export.starts import Start
from tlray.model import Tracklist

FRAMES_PER_S = 75
SHORTEST_TRACK = 4 * FRAMES_PER_S
"""Red Book: a track of a CD is at least 4 s long."""
HEAD_BYTES = 2048
"""VLC looks for FILE in so many first bytes."""
_COMMANDS = re.compile("DATE|GENRE|REPLAYGAIN_(?:ALBUM|TRACK)_(?:GAIN|PEAK)")


def per_set(tracklist: Tracklist, options: CueOptions) -> Iterator[SetFile | LeftOut]:
    """The sheets of a set: none for a recording without a single cue."""
    is_upload = options.profile is CueProfile.MIXCLOUD
    for found in chapters_of(tracklist, options, ticks_per_s=FRAMES_PER_S):
        if isinstance(found, LeftOut):
            yield found
            continue
        starts, notes = found.recording.starts, found.notes
        if not is_upload:
            notes = [*_from_zero(starts, performer=found.djs), *notes]
        over_99 = Over99.ALLOW if is_upload else options.over_99
        parts = within_99(starts, over_99, performer=found.djs)
        for number, of_part in enumerate(parts, 1):
            part = f"part {number} of {len(parts)}" if len(parts) > 1 else ""
            named = ", ".join(filter(None, (found.label, part)))
            head = _head(tracklist, named, media_name(tracklist, found.label, options), strict=options.strict)
            last = _remarks(notes) if number == len(parts) else []
            lines = [*head, *_tracks(of_part, strict=options.strict), *last]
            if is_upload:
                lines = [line for line in lines if not line.startswith("REM ")]
            text = "\n".join(lines) + "\n"
            yield SetFile(((b"\xef\xbb\xbf" if options.bom else b"") + encode(text),), named)


def timestamp(frames: int) -> str:
    """``MM:SS:FF``; minutes beyond 99 have three digits."""
    seconds, frame = divmod(frames, FRAMES_PER_S)
    return f"{seconds // 60:02}:{seconds % 60:02}:{frame:02}"


def quoted(value: str, limit: int | None = None) -> str:
    """The value as it stands in a sheet, cut at ``limit`` characters."""
    clean = CONTROLS.sub(" ", value).replace('"', "'").strip()
    if limit is not None:
        clean = clean[: whole_letters(clean, limit)].rstrip()
    return f'"{clean} "' if clean.endswith("\\") else f'"{clean}"'


def _from_zero(starts: list[Start], *, performer: str) -> list[str]:
    """Make the first start 0, as every player wants it; returns what must be notes of that."""
    first = starts[0]
    if first.at == 0:
        return []
    if first.at >= SHORTEST_TRACK:
        starts.insert(0, Start(0, performer, BEFORE_FIRST))
        return []
    notes = [f"track 01 starts at {timestamp(first.at)} on the page"]
    first.at = 0
    return notes


def _head(tracklist: Tracklist, label: str, media: str, *, strict: bool) -> list[str]:
    title = f"{tracklist.title} ({label})" if label else tracklist.title
    kind = "MP3" if media.lower().endswith(".mp3") else "WAVE"
    for limit in (None, 300, 100, 40):
        allowed = min(limit or 80, 80) if strict else limit
        head = [f"PERFORMER {quoted(_djs(tracklist), allowed)}"] if tracklist.djs else []
        head += [f"TITLE {quoted(title, allowed)}", f"FILE {quoted(media)} {kind}"]
        about = []
        if tracklist.genres:
            about.append(f"REM GENRE {quoted(', '.join(tracklist.genres), limit)}")
        if tracklist.date:
            about.append(f"REM DATE {tracklist.date.isoformat()}")
        if tracklist.url and not (limit and len(tracklist.url) > limit):
            about.append(f"REM COMMENT {quoted(_COMMANDS.sub(_escaped, tracklist.url))}")
        if len(encode("\n".join(about + head))) < HEAD_BYTES - len("\ufeff\n".encode()):
            break
    return about + head


def _tracks(starts: list[Start], *, strict: bool) -> Iterator[str]:
    limit = 80 if strict else None
    for number, start in enumerate(starts, 1):
        yield f"  TRACK {number:02} AUDIO"
        yield f"    TITLE {quoted(start.title, limit)}"
        if start.performer:
            yield f"    PERFORMER {quoted(start.performer, limit)}"
        yield f"    INDEX 01 {timestamp(start.at)}"


def _remarks(notes: list[str]) -> list[str]:
    return [f"REM NOTE {quoted(_COMMANDS.sub(lambda m: m[0].capitalize(), text))}" for text in notes]


def _escaped(command: re.Match[str]) -> str:
    """The word as it stands in a URL that means the same: ``D%41TE``."""
    word = command[0]
    return f"{word[0]}%{ord(word[1]):X}{word[2:]}"


def _djs(tracklist: Tracklist) -> str:
    return ", ".join(tracklist.djs)


FORMAT = Format(
    name="cue",
    suffix=".cue",
    media_type="application/x-cue; charset=utf-8",
    about="CUE sheet: chapters for a recording, one sheet each; only tracks whose start is known",
    options=CueOptions(),
    per_set=per_set,
)
