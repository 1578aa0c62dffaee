"""Times as lists write them: ``1:02:03``, ``[08:45]``, ``(07)``, ``72:10``, ``5'30"``, ``1h02``, ``[3?]``, ``9:05 PM``, ranges.

A `Cue` is what is printed. What it means depends on the list (``0:59`` is a minute on one site and an hour on another),
so `tlray.sites.text.starts` decides that for all of them together.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum


class Form(StrEnum):
    """The notation of a cue."""

    THREE = "three"
    """``1:02:03``: hours, minutes, seconds."""
    TWO = "two"
    """``2:03``: minutes and seconds, or hours and minutes."""
    MINUTES = "minutes"
    """``[07]``, ``7'``."""
    CLOCK = "clock"
    """``9:05 PM``."""
    MASKED = "masked"
    """``[3?]``, ``??:??``: digits are not known."""


@dataclass(frozen=True, slots=True)
class Cue:
    """One printed time, or the range that begins with it."""

    text: str
    """As printed, its brackets included."""
    form: Form
    parts: tuple[int, ...] = ()
    fraction_s: float = 0.0
    first_digits: int = 0
    """How many digits the first part has: one site tells minutes from hours by it."""
    end: Cue | None = None
    """The end of a range."""

    def seconds(self, *, in_minutes: bool = False) -> float | None:
        """Return the time from the start; ``in_minutes``: two parts are hours and minutes. None where it cannot be said."""
        if self.form is Form.MASKED or any(part > 59 for part in self.parts[1:]):
            return None
        if self.form is Form.MINUTES:
            return self.parts[0] * 60.0
        total = 0
        for part in self.parts:
            total = total * 60 + part
        if self.form is Form.CLOCK or (self.form is Form.TWO and in_minutes):
            total *= 60 if len(self.parts) == 2 else 1
        return total + self.fraction_s


_COLON = "[:：]"
_FRAMES = r"[:;]\d\d(?![\d:])"
"""Of a timecode, ``01:02:03:04``: how many a second has is not known."""
_DIGITS = (
    rf"\d{{1,4}}{_COLON}\d{{2}}(?:{_COLON}\d{{2}}(?:{_FRAMES})?)?(?:[.,]\d{{1,3}}(?!\d))?(?!\d|{_COLON}\d)"
)
_TIME = re.compile(rf"(?<![\d:.,/]){_DIGITS}(?:[ ]?([apAP])\.?[mM]\b\.?)?")
_DOTTED = re.compile(r"\d{1,3}\.[0-5]\d(?:\.[0-5]\d)?(?![\d.])")
_MASKED = re.compile(
    rf"(?=[\d?xX_-]*[?xX_])[\d?xX_]{{1,4}}{_COLON}[\d?xX_]{{1,2}}(?:{_COLON}[\d?xX_]{{1,2}})?(?![\w?:])|--:--(?::--)?"
)
_MASKED_MINUTES = re.compile(r"\d{0,3}\?{1,3}(?=\])")
_UNITS = re.compile(
    r"(?P<h>\d{1,2})[hH][ ]?(?P<hm>[0-5]?\d)(?:[mM](?![^\W\d])|(?=[\s\]):-]))(?:[ ]?(?P<hs>[0-5]?\d)[sS]\b)?"
    r"|(?P<m>\d{1,3})(?:[mM][ ]?(?P<s>[0-5]?\d)[sS]\b|['′’](?P<q>[0-5]\d)(?:[\"″”]|''|(?=[\s\])])))"
    r"|(?P<only>\d{1,3})(?:['′](?=[\s\])])|[ ]?[mM]in\b\.?)"
)
_OPEN = {"[": "]", "(": ")", "{": "}", "<": ">", "【": "】", "（": "）", "［": "］"}
_BETWEEN = re.compile(r"[ \t]*(?:[-–—~→]|->|to)[ \t]*")
_TOTAL = re.compile(rf"[ ]?/[ ]?{_DIGITS}")
"""What is left, or the length of the recording: ``12:30/60:00``."""
_BEFORE = re.compile(r"(?:[@~≈#⏱⏰🕐🕒▶►]\ufe0f?[ ]?|at )?")


def leading(text: str, at: int = 0, *, dotted: bool = False) -> tuple[Cue, int] | None:
    """Return the cue that begins at ``at`` and where it ends; ``dotted``: the list writes ``1.30`` for ``1:30``."""
    start = at
    at = ((found := _BEFORE.match(text, at)) and found.end()) or at
    closing = _OPEN.get(text[at : at + 1], "")
    at += bool(closing)
    cue, end = _one(text, at, dotted=dotted, bracketed=bool(closing))
    if cue is None:
        return None
    if total := _TOTAL.match(text, end):
        end = total.end()
    between = _BETWEEN.match(text, end)
    if (
        between
        and (until := _one(text, between.end(), dotted=dotted))
        and until[0]
        and until[0].form is cue.form
    ):
        cue, end = replace(cue, end=until[0]), until[1]
    if closing:
        while text[end : end + 1] == " ":
            end += 1
        if text[end : end + 1] != closing:
            return None
        end += 1
    return replace(cue, text=text[start:end].strip()), end


def trailing(text: str) -> tuple[Cue, int, int] | None:
    """Return the last cue that stands at the end of a line (a note may follow a dash), where it begins, where it ends."""
    found = list(_TIME.finditer(text))
    if not found or found[-1].start() == 0:
        return None
    last = found[-1]
    start = last.start()
    before = text[start - 1]
    if before not in " \t[(@|<~-–—":
        return None
    rest = text[last.end() :]
    if not re.fullmatch(r"[ \t]*[\])>]?[ \t.;,|]*(?:[-–—][ ]*[^-–—]{1,80})?", rest):
        return None
    cue = _read(last)
    if cue is None:
        return None
    opened = before in "[(<"
    end = last.end() + (1 if opened and rest[:1] in "])>" else 0)
    return replace(cue, text=text[start - opened : end]), start - opened, end


def inline(text: str) -> list[tuple[int, int]]:
    """Return where times stand in a line on which several tracks may stand."""
    return [(m.start(), m.end()) for m in _TIME.finditer(text)]


def _one(text: str, at: int, *, dotted: bool, bracketed: bool = False) -> tuple[Cue | None, int]:
    if (m := _TIME.match(text, at)) and (cue := _read(m)):
        return cue, m.end()
    if m := _MASKED.match(text, at):
        return Cue("", Form.MASKED), m.end()
    if bracketed and (m := _MASKED_MINUTES.match(text, at)):
        return Cue("", Form.MASKED), m.end()
    if m := _UNITS.match(text, at):
        return _of_units(m), m.end()
    if dotted and (m := _DOTTED.match(text, at)):
        parts = tuple(map(int, m[0].split(".")))
        return Cue("", Form.THREE if len(parts) == 3 else Form.TWO, parts, first_digits=2), m.end()
    return None, at


def _read(found: re.Match[str]) -> Cue | None:
    half = found[1]
    digits = found[0][: found.start(1) - found.start()].rstrip() if half else found[0]
    digits, _, fraction = digits.replace("：", ":").replace(";", ":").replace(",", ".").partition(".")
    first, *_ = printed = digits.split(":")[:3]
    parts = tuple(map(int, printed))
    if half:
        if not 1 <= parts[0] <= 12 or parts[1] > 59:
            return None
        hour = parts[0] % 12 + (12 if half in "pP" else 0)
        return Cue("", Form.CLOCK, (hour, *parts[1:]), first_digits=len(first))
    form = Form.THREE if len(parts) == 3 else Form.TWO
    return Cue("", form, parts, float(f"0.{fraction}") if fraction else 0.0, len(first))


def _of_units(m: re.Match[str]) -> Cue:
    if m["h"]:
        if m["hs"]:
            return Cue("", Form.THREE, (int(m["h"]), int(m["hm"]), int(m["hs"])))
        return Cue("", Form.MINUTES, (int(m["h"]) * 60 + int(m["hm"]),))
    if m["m"]:
        hours, minutes = divmod(int(m["m"]), 60)
        return Cue("", Form.THREE, (hours, minutes, int(m["s"] or m["q"])))
    return Cue("", Form.MINUTES, (int(m["only"]),))
