"""A set as the page draws it: its rows as a table, and a timeline for each recording.

Only times that the source gives are drawn. Rows between two known times are one bracket with their number; they are never spread
evenly over it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tlray.core.model.durations import as_clock

Row = dict[str, Any]
"""A track as the API's JSON has it."""
MINUTE_S: Final = 60.0
OPEN_END: Final = 1.04
"""A lane whose length is not known, or too short, ends so much behind its last cue …"""
MOST_OVER: Final = 2.0
"""… but at so many lengths at most: one time that is none must not press all others together."""
NO_TIME: Final[Row] = {"time": "", "mark": ""}
MAX_MARKS: Final = 200
"""Of one lane: of more, those are left out that stand right beside one before."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A row on a lane. Positions are percent of its length."""

    index: int
    kind: str
    """The precision of the cue: ``second``, ``minute``, ``estimate`` or ``logged``."""
    x: float
    width: float
    label: str
    """Its time and its name."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Rows without a time between two rows that have one."""

    x: float
    width: float
    n: int
    label: str


@dataclass(frozen=True, slots=True)
class Lane:
    """The timeline of one recording."""

    recording: int
    end_s: float
    is_open: bool
    """True if the length is not known, or rows start after it."""
    length_s: float | None
    """None: not known."""
    marks: tuple[Mark, ...]
    gaps: tuple[Gap, ...]


def lanes_of(tracks: Sequence[Row], duration_s: float | None) -> list[Lane]:
    """Return a lane for each recording that has a cue, in player order. ``duration_s`` is the set's, seconds."""
    by_recording: dict[int, list[Row]] = {}
    for track in tracks:
        if track["kind"] != "mashup_part":
            by_recording.setdefault(track["recording"] or 1, []).append(track)
    is_one = len(by_recording) == 1
    lanes = [
        _lane(number, rows, duration_s if is_one else None) for number, rows in sorted(by_recording.items())
    ]
    return [lane for lane in lanes if lane.marks]


def _lane(recording: int, rows: list[Row], duration_s: float | None) -> Lane:
    cues = [row["cue_s"] for row in rows if row["cue_s"] is not None]
    last_s = max(cues, default=0.0)
    is_open = not duration_s or last_s > duration_s
    end_s = max(last_s * OPEN_END, 1.0) if is_open else float(duration_s or 1.0)
    if duration_s:
        end_s = min(end_s, MOST_OVER * duration_s)
    marks = [
        Mark(
            row["index"],
            row["cue_precision"],
            _percent(row["cue_s"], end_s),
            _percent(MINUTE_S, end_s),
            " ".join(filter(None, (*_time_of(row).values(), name_of(row)))),
        )
        for row in rows
        if row["cue_s"] is not None
    ]
    return Lane(
        recording, end_s, is_open, duration_s or None, tuple(_told_apart(marks)), tuple(_gaps(rows, end_s))
    )


def _told_apart(marks: list[Mark]) -> list[Mark]:
    """Return the marks of a lane; of more than it has room for, those that are not right beside one before."""
    if len(marks) <= MAX_MARKS:
        return marks
    places: dict[int, Mark] = {}
    for mark in marks:
        places.setdefault(int(mark.x * MAX_MARKS / 100), mark)
    return list(places.values())


def _gaps(rows: list[Row], end_s: float) -> list[Gap]:
    gaps: list[Gap] = []
    before_s, n = 0.0, 0
    for row in rows:
        if row["cue_s"] is None:
            n += row["kind"] == "main"
            continue
        if n and row["cue_s"] > before_s:
            gaps.append(_gap(before_s, row["cue_s"], n, end_s))
        before_s, n = max(before_s, row["cue_s"]), 0
    if n and end_s > before_s:
        gaps.append(_gap(before_s, None, n, end_s))
    return gaps


def _gap(from_s: float, to_s: float | None, n: int, end_s: float) -> Gap:
    x = _percent(from_s, end_s)
    until = f"and {as_clock(to_s)}" if to_s is not None else "and the end"
    return Gap(
        x,
        round(_percent(to_s or end_s, end_s) - x, 3),
        n,
        f"{n} without a time, between {as_clock(from_s)} {until}",
    )


def _percent(part_s: float, whole_s: float) -> float:
    return round(min(100.0, max(0.0, 100.0 * part_s / whole_s)), 3)


def name_of(row: Mapping[str, Any]) -> str:
    """Return a row in words."""
    return f"{row['artist'] or 'ID'} – {row['title'] or 'ID'}"


def as_it_stands(row: Mapping[str, Any]) -> str:
    """Return the source's own line of a row that is not identified, where it says more than the row's name; else ""."""
    name = f"{row['artist'] or 'ID'} - {row['title'] or 'ID'}"
    said = " ".join(row["text"].split())
    known = {_letters(name), _letters(f"{name} {' '.join(row['labels'])}"), "id"}
    return "" if not said or _letters(said) in known else said


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text)).casefold()


def table_of(tracks: Sequence[Row], duration_s: float | None) -> list[Row]:
    """Return the rows of a set's table: each track with ``time``, ``mark`` (of an inexact time), ``warning`` and ``heading``;
    ``is_first_part``: the first of the tracks that a mashup is made of. A row that starts with its parent repeats no time."""
    made: list[Row] = []
    section, recording, latest = None, None, dict[int, float]()
    is_split = len({track["recording"] for track in tracks if track["recording"]}) > 1
    cue_of = {track["index"]: track["cue_s"] for track in tracks}
    before = ""
    for track in tracks:
        heading = track["section"] if track["section"] != section else None
        if is_split and track["recording"] not in (None, recording):
            recording = track["recording"]
            heading = heading or f"Recording {recording}"
        section = track["section"]
        is_with_parent = track["kind"] == "with" and track["cue_s"] == cue_of.get(track["parent"])
        of_row = {
            "heading": heading, "warning": _warning(track, latest, duration_s),
            "is_first_part": track["kind"] == "mashup_part" and before != "mashup_part",
        }  # fmt: skip
        made.append({**track, **of_row, **(NO_TIME if is_with_parent else _time_of(track))})
        before = track["kind"]
        if track["cue_s"] is not None:
            place = track["recording"] or 1
            latest[place] = max(latest.get(place, 0.0), track["cue_s"])
    return made


def _time_of(track: Row) -> Row:
    cue_s, precision = track["cue_s"], track["cue_precision"]
    if precision == "logged" and track["played_at"]:
        return {"time": str(track["played_at"])[11:16], "mark": "log"}
    if cue_s is None:
        return NO_TIME
    if precision == "minute":
        hours, minutes = divmod(int(cue_s // MINUTE_S), 60)
        return {"time": f"{hours}:{minutes:02d}", "mark": "h:min"}
    return {"time": ("≈" if precision == "estimate" else "") + as_clock(cue_s), "mark": ""}


def _warning(track: Row, latest: dict[int, float], duration_s: float | None) -> str:
    cue_s = track["cue_s"]
    if cue_s is None:
        return ""
    if cue_s < 0:
        return "before the beginning"
    if duration_s and cue_s > duration_s and not track["recording"]:
        return f"past the end, which is {as_clock(duration_s)}"
    return "earlier than a row before it" if cue_s < latest.get(track["recording"] or 1, 0.0) else ""


def as_text(tracks: Sequence[Row], duration_s: float | None = None) -> str:
    """Return a set's rows as lines of text, with headings, numbers and the times that the source gives, as exact as they are."""
    lines: list[str] = []
    for row in table_of(tracks, duration_s):
        if row["heading"]:
            lines += [""] * bool(lines) + [row["heading"]]
        if row["kind"] == "mashup_part":
            continue
        start = "w/" if row["kind"] == "with" else f"{row['number']}." if row["number"] is not None else "-"
        time = f" [{row['time']}{' ' * bool(row['mark'])}{row['mark']}]" if row["time"] else ""
        lines.append(f"{start}{time} {row['text'] or name_of(row)}")
    return "\n".join(lines)
