"""Text on the page: numbers, rates, durations, moments, URLs, and text from elsewhere made safe. `static/text.js` is its twin.

Text from pages and users is hostile. Jinja2 escapes it; `safe` also shows control characters and bidi marks as □, which
would otherwise change the text around them.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, date, datetime
from typing import Final
from urllib.parse import urlsplit

from markupsafe import Markup, escape

from tlray.core.model import amounts

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u206f\ufeff]")
NEVER: Final = "–"
plural, rate = amounts.plural, amounts.rate
KEPT_END: Final = 28
"""At most so many of the last characters of a URL, from the end of a word on, are cut by no column."""
_WORD_END: Final = re.compile(r"[-_/.]")


def safe(text: object) -> Markup:
    """Return a text as HTML, with each control character and bidi mark as □."""
    return Markup("").join(
        Markup('<span class="ctl" title="U+{:04X}">□</span>').format(ord(piece))
        if _CONTROL.fullmatch(piece)
        else escape(piece)
        for piece in re.split(f"({_CONTROL.pattern})", str(text))
    )


def safe_lines(text: str) -> Markup:
    """Return a text of several lines as HTML; tabs and ends of lines are no control characters there."""
    return Markup("\n").join(safe(line.removesuffix("\r").replace("\t", "    ")) for line in text.split("\n"))


def plain(text: object) -> str:
    """Return a text for an attribute or a title, with each control character as □."""
    return _CONTROL.sub("□", str(text))


def number(n: float | None) -> str:
    """Return a number with all its digits: 1,000,000."""
    return NEVER if n is None else f"{n:,.0f}"


def percent(part: float, whole: float) -> str:
    """Return a share, rounded down: never 100 % before the end."""
    if not whole or part <= 0:
        return "0 %"
    share = math.floor(100 * part / whole)
    return f"{min(share, 100)} %" if share else "<1 %"


def duration(seconds: float | None) -> str:
    """Return a duration in two units at most: 8 s, 2 min 5 s, 1 h 04 min, 3 d 2 h."""
    return NEVER if seconds is None else amounts.duration(seconds)


def exact(at: float) -> str:
    """Return a moment in full, in UTC: what a page without a script shows."""
    return f"{datetime.fromtimestamp(at, UTC):%a %d %b %Y, %H:%M:%S} UTC"


def relative(at: float, now: float) -> str:
    """Return a moment as people say it: 3 min ago, in 8 s; a date after a day."""
    away = at - now
    if abs(away) >= 86_400:
        return f"{datetime.fromtimestamp(at, UTC):%d %b %Y, %H:%M}"
    if abs(away) < 5:
        return "just now" if away <= 0 else "now"
    words = duration(abs(away)).split(" ")
    text = " ".join(words[:2])
    return f"in {text}" if away > 0 else f"{text} ago"


def moment(
    at: float | None, now: float, *, clock: bool = False, day: bool = False, titled: bool = True
) -> Markup:
    """Return a ``<time>``; the script turns it into the browser's zone. ``clock``: the time of day in place of "3 min ago",
    with its day where that is another one; ``day``: always with its day."""
    if at is None:
        return escape(NEVER)
    stamp, today = datetime.fromtimestamp(at, UTC), datetime.fromtimestamp(now, UTC)
    of_day = f"{stamp:%a %d %b}" + ("" if stamp.year == today.year else f" {stamp.year}")
    if day:
        shown = f"{of_day}, {stamp:%H:%M}"
    elif clock:
        shown = f"{stamp:%H:%M}" if stamp.date() == today.date() else f"{of_day} {stamp:%H:%M}"
    else:
        shown = relative(at, now)
    kind = Markup(" data-day") if day else Markup(" data-clock") if clock else ""
    title = Markup(' title="{}"').format(exact(at)) if titled else ""
    return Markup('<time datetime="{}"{}{}>{}</time>').format(
        f"{stamp:%Y-%m-%dT%H:%M:%SZ}", title, kind, shown
    )


def day(text: str) -> str:
    """Return a day of a source as people write it: 15 May 2026."""
    at = date.fromisoformat(text)
    return f"{at.day} {at:%b} {at.year}"


def ticked(text: str) -> Markup:
    """Return a text of ours or a user's, with what stands between backticks as code."""
    return Markup("").join(
        Markup("<code>{}</code>").format(safe(piece)) if n % 2 else safe(piece)
        for n, piece in enumerate(re.split("`([^`]+)`", text))
    )


def url_cut(url: str, *, titled: bool = True) -> Markup:
    """Return a URL that its column may cut once, in the midst of the path: its end, which tells pages apart, stays."""
    host, path = url_parts(url)
    title = Markup(' title="{}"').format(plain(url)) if titled else ""
    return Markup('<span class="url"{}><b>{}</b><i>{}</i><u>{}</u></span>').format(
        title, safe(host), *map(safe, cut_path(path))
    )


def cut_path(path: str) -> tuple[str, str]:
    """Return the beginning of a path, which a column may cut, and its end, which begins between two words."""
    if len(path) <= KEPT_END:
        return "", path
    at = len(path) - KEPT_END
    found = _WORD_END.search(path, at, at + KEPT_END // 2)
    at = found.start() if found else at
    return path[:at], path[at:]


def url_parts(url: str) -> tuple[str, str]:
    """Return the host and the path of a URL; together they are the URL without its scheme."""
    rest = re.sub(r"^https?://(www\.)?", "", url)
    host, slash, path = rest.partition("/")
    return host[:80], slash + path


def link(url: str | None, text: str | None = None, *, is_sign: bool = False) -> Markup:
    """Return a link to another site; anything but http and https is text. ``is_sign``: an arrow alone, whose text is heard."""
    shown = safe(text or url or "")
    if is_sign:
        shown = Markup('<span class="sr">{}</span>').format(shown)
    try:
        is_web = urlsplit(url or "").scheme in ("http", "https")
    except ValueError:
        is_web = False
    if not is_web:
        return shown
    return Markup('<a class="out" href="{}" rel="noopener noreferrer" target="_blank">{}</a>').format(
        url, shown
    )
