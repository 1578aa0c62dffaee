"""CUE sheets: rips, DJ mixes, recordings of rekordbox, and what tlray exports itself."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from tlray.model import CuePrecision, ParsedPage, Track, TrackKind
from tlray.readers.assembly import file_set, page_of, unknown
from tlray.readers.clock_times import day_of
from tlray.readers.cue_sheet import Sheet, is_sheet, parse_sheet
from tlray.readers.cue_times import FRAMES_PER_S, starts_s
from tlray.readers.decoding import NoTextError, decode_text, head_text
from tlray.readers.interface import SourceFile
from tlray.readers.made import plural
from tlray.sites.fields import DASHES, clean, make_track, split_name

MAX_BYTES = 8 * 2**20
_VARIOUS = re.compile(r"(?:various(?: artists?)?|va|v\.a\.|v/a|unknown(?: artist)?)\.?", re.IGNORECASE)
_WITH = re.compile(r"\s+w/\s+(?=\S.*? - \S)")
_NUMBERED = re.compile(r"(\d{1,3})(?:\s*[.)]|\s+-)\s+(?=\S)")
_GENRES = re.compile(r"\s*[,;]\s*")

# what tlray's own sheets say (`tlray.export.cue_sheet`)
PLACEHOLDERS = frozenset({"(before the first cue)", "(before this part)"})
_LEFT_OUT = re.compile(r"left out, (?:no cue|no exact cue \(\w+\)): (.*) \(row (\d{1,5})\)")
_TRUE_START = re.compile(r"track 01 starts at (\d+):(\d\d):(\d\d) on the page")


class CueReader:
    """Reads CUE sheets."""

    kind = "cue"
    version = "cue/2"

    def recognises(self, head: bytes, name: str) -> bool:
        """True if it has tracks with indexes; a file named so is one that is broken."""
        return is_sheet(head_text(head)) or name.lower().endswith((".cue", ".cue.gz"))

    def read(self, file: SourceFile) -> ParsedPage:
        """Read the sheet as one set."""
        if len(file.body) > MAX_BYTES:
            return unknown("too large for a CUE sheet")
        try:
            text, issues = decode_text(file.body, file.encoding)
        except NoTextError as error:
            return unknown(str(error))
        sheet = parse_sheet(text)
        if not sheet.tracks:
            return unknown("no TRACK in the sheet")
        tracks, found = _tracks(sheet)
        day, issue = day_of(
            next((v for k, v in sheet.remarks if k == "DATE" and day_of(v)[0]), sheet.remark("DATE"))
        )
        performer = clean(sheet.performer)
        made = file_set(
            file,
            tracks,
            site="file",
            parser=self.version,
            media_type="application/x-cue",
            title=clean(sheet.title),
            date=day,
            djs=[performer] if performer and not _VARIOUS.fullmatch(performer) else [],
            genres=[genre for genre in map(clean, _GENRES.split(sheet.remark("GENRE"))) if genre],
            quality_issues=[*issues, *found, *([issue] if issue else []), *_data_tracks(sheet)],
        )
        return page_of(file, [made], "no track in the sheet")


def _tracks(sheet: Sheet) -> tuple[list[Track], list[str]]:
    starts, issues = starts_s(sheet)
    names = _names(sheet)
    tracks: list[Track] = []
    is_own = False
    for row, start, (artist, title) in zip(sheet.tracks, starts, names, strict=True):
        if title in PLACEHOLDERS:
            is_own = True
            continue
        main, *others = _WITH.split(title)
        cue: dict[str, Any] = {
            "recording": row.file,
            "cue_s": start,
            "cue_precision": CuePrecision.UNKNOWN if start is None else CuePrecision.SECOND,
            "cue_text": clean(row.start) or None,
        }
        tracks.append(make_track(len(tracks) + 1, artist, main, number=row.number, **cue))
        parent = len(tracks)
        tracks += [
            make_track(
                parent + n,
                *split_name(other),
                number=None,
                kind=TrackKind.WITH,
                parent=parent,
                recording=row.file,
            )
            for n, other in enumerate(others, 1)
        ]
    return _with_remarks(tracks, sheet, is_own=is_own), issues


def _names(sheet: Sheet) -> list[tuple[str, str]]:
    """Artist and title of every track: the sheet's performer is the artist of an album, and the DJ of a mix."""
    owner = clean(sheet.performer).casefold()
    performers = [clean(track.performer) for track in sheet.tracks]
    titles = _without_numbers([clean(track.title) for track in sheet.tracks], sheet)
    others = [name for name in performers if name and name.casefold() != owner]
    nobody = all(name.casefold() in ("", owner) for name in performers)
    enough = 0.8 if any(performers) else 0.5
    separators = next(
        (some for some in (DASHES, (" / ",)) if _hold_artists(titles, some, enough, owner=owner)), None
    )
    in_titles = nobody and separators is not None and (len(titles) > 2 or not any(performers))
    is_mix = in_titles or len(others) * 2 > sum(map(bool, performers)) or bool(_VARIOUS.fullmatch(owner))
    names = []
    for performer, title in zip(performers, titles, strict=True):
        artist, rest = split_name(title, separators or DASHES)
        if performer and not in_titles:
            names.append((performer, rest if artist.casefold() == performer.casefold() else title))
        elif artist and (in_titles or is_mix):
            names.append((artist, rest))
        else:
            names.append(("" if is_mix or not title else clean(sheet.performer), title))
    return names


def _hold_artists(titles: Sequence[str], separators: Sequence[str], enough: float, *, owner: str) -> bool:
    """True if titles begin with artists: enough are divided, and by various names (movements of a symphony are not)."""
    artists = [artist for title in titles if (artist := split_name(title, separators)[0])]
    return len(artists) >= enough * len(titles) and (not owner or 2 * len(set(artists)) > len(artists))


def _without_numbers(titles: list[str], sheet: Sheet) -> list[str]:
    """Return titles without the numbers of their tracks, if all begin with them: ``01. Artist - Title``."""
    found = [_NUMBERED.match(title) for title in titles]
    if all(n and int(n[1]) == track.number for n, track in zip(found, sheet.tracks, strict=True)):
        return [title[n.end() :] for title, n in zip(titles, found, strict=True) if n]
    return titles


def _with_remarks(tracks: list[Track], sheet: Sheet, *, is_own: bool) -> list[Track]:
    """Undo what tlray's own export does to a set: rows without a cue stand in remarks, the first start is 0."""
    notes = [text for key, text in sheet.remarks if key == "NOTE"]
    for note in notes:
        if (found := _TRUE_START.fullmatch(note)) and tracks and tracks[0].cue_s == 0:
            minutes, seconds, frames = map(int, found.groups())
            tracks[0].cue_s = minutes * 60 + seconds + frames / FRAMES_PER_S
            tracks[0].cue_text = None
    left_out = sorted((int(found[2]), found[1]) for note in notes if (found := _LEFT_OUT.fullmatch(note)))
    for place, name in left_out:
        tracks.insert(min(place - 1, len(tracks)), make_track(place, *split_name(name)))
    if left_out or is_own:
        _renumber(tracks)
    return tracks


def _renumber(tracks: Sequence[Track]) -> None:
    number = main = 0
    for index, track in enumerate(tracks, 1):
        track.index = index
        if track.kind is TrackKind.MAIN:
            number, main = number + 1, index
            track.number = number
        else:
            track.parent = main


def _data_tracks(sheet: Sheet) -> list[str]:
    return [f"{plural(sheet.n_data_tracks, 'data track')} left out"] if sheet.n_data_tracks else []
