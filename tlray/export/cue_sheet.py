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
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator

from tlray.export.cue_limit import within_99
from tlray.export.filenames import safe_name, whole_letters
from tlray.export.interface import Format, LeftOut, SetFile
from tlray.export.json_shape import encode
from tlray.export.options import CueOptions
from tlray.export.starts import EXACT, Recording, Start, line, recordings
from tlray.model import Tracklist

FRAMES_PER_S = 75
SHORTEST_TRACK = 4 * FRAMES_PER_S
"""Red Book: a track of a CD is at least 4 s long."""
HEAD_BYTES = 2048
"""VLC looks for FILE in so many first bytes."""
_COMMANDS = re.compile("DATE|GENRE|REPLAYGAIN_(?:ALBUM|TRACK)_(?:GAIN|PEAK)")
BEFORE_FIRST = "(before the first cue)"


def per_set(tracklist: Tracklist, options: CueOptions) -> Iterator[SetFile | LeftOut]:
    """The sheets of a set: none for a recording without a single cue."""
    found = recordings(tracklist, ticks_per_s=FRAMES_PER_S, precisions=EXACT.union(options.cue_precision))
    for recording in found:
        label = f"recording {recording.number}" if recording.number is not None else ""
        if not recording.starts:
            why = f"{label}: {_why_empty(recording)}" if label else _why_empty(recording)
            yield LeftOut(tracklist.title, tracklist.source_id, why)
            continue
        remarks = _from_zero(recording, performer=_djs(tracklist))
        parts = within_99(recording.starts, options.over_99, performer=_djs(tracklist))
        for number, starts in enumerate(parts, 1):
            part = f"part {number} of {len(parts)}" if len(parts) > 1 else ""
            named = ", ".join(filter(None, (label, part)))
            head = _head(tracklist, named, options.media or _media(tracklist, label), strict=options.strict)
            last = _remarks(recording, remarks) if number == len(parts) else []
            text = "\n".join([*head, *_tracks(starts, strict=options.strict), *last]) + "\n"
            yield SetFile(((b"\xef\xbb\xbf" if options.bom else b"") + encode(text),), named)


def timestamp(frames: int) -> str:
    """``MM:SS:FF``; minutes beyond 99 have three digits."""
    seconds, frame = divmod(frames, FRAMES_PER_S)
    return f"{seconds // 60:02}:{seconds % 60:02}:{frame:02}"


def quoted(value: str, limit: int | None = None) -> str:
    """The value as it stands in a sheet, cut at ``limit`` characters."""
    clean = "".join(" " if unicodedata.category(c) in {"Cc", "Zl", "Zp"} else c for c in value)
    clean = clean.replace('"', "'").strip()
    if limit is not None:
        clean = clean[: whole_letters(clean, limit)].rstrip()
    return f'"{clean} "' if clean.endswith("\\") else f'"{clean}"'


def _why_empty(recording: Recording) -> str:
    inexact = Counter(str(track.cue_precision) for track, why in recording.left_out if why != "no cue")
    named = ", ".join(f"{n} {precision}" for precision, n in sorted(inexact.items()))
    return f"no row has an exact cue; others: {named}" if named else "no row has a cue"


def _from_zero(recording: Recording, *, performer: str) -> list[str]:
    """Make the first start 0, as every player wants it; returns what must be notes of that."""
    first = recording.starts[0]
    if first.at == 0:
        return []
    if first.at >= SHORTEST_TRACK:
        recording.starts.insert(0, Start(0, performer, BEFORE_FIRST))
        return []
    notes = f"track 01 starts at {timestamp(first.at)} on the page"
    first.at = 0
    return [notes]


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


def _remarks(recording: Recording, remarks: list[str]) -> list[str]:
    notes = list(remarks)
    if recording.is_reordered:
        notes.append("tracks stand in the order of their times, which is not the page's")
    notes += [f"left out, {why}: {line(track)} (row {track.index})" for track, why in recording.left_out]
    return [f"REM NOTE {quoted(_COMMANDS.sub(lambda m: m[0].capitalize(), text))}" for text in notes]


def _escaped(command: re.Match[str]) -> str:
    """The word as it stands in a URL that means the same: ``D%41TE``."""
    word = command[0]
    return f"{word[0]}%{ord(word[1]):X}{word[2:]}"


def _media(tracklist: Tracklist, label: str) -> str:
    return safe_name(tracklist.title, tag=f"({label})" if label else "", suffix=".mp3")


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
