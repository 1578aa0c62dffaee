"""The side of the separator that is the artist: decided for a whole list, or part of it, never for one line.

A line votes where only one of its sides looks like an artist (several names, a guest) or like a title (a version in
brackets, everyday words); so does a side whose names come again and again. Without votes the artist stands first, as
nearly everybody writes.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from enum import StrEnum

from tlray.sites.text.names import is_unknown


class Order(StrEnum):
    """The name that stands first."""

    ARTIST = "artist"
    TITLE = "title"
    UNCERTAIN = "uncertain"


_VERSION_BRACKET = re.compile(
    r"[(\[][^()\[\]]{0,60}\b(?:re-?mix|mix|edit|version|dub|bootleg|rework|instrumental|remaster(?:ed)?|"
    r"extended|original|vip|feat\.?|ft\.?|prod\.?)\b",
    re.IGNORECASE,
)
_SEVERAL = re.compile(
    r"\s(?:&|x|×|vs\.?|feat\.?|ft\.?|featuring|pres\.?|b2b|aka)\s|\w,\s\w|^(?:dj|mc)\s|\((?:uk|us|usa|de|fr|"
    r"it|nl|ru|br|arg?|ua|es|be|ca|au|pl)\)",
    re.IGNORECASE,
)
_EVERYDAY = re.compile(
    r"(?<![\w-])(?:i|i'm|i'll|you|your|you're|me|my|mine|we|our|it|it's|its|don'?t|can'?t|won'?t|is|are|am|be|"
    r"to|in|on|for|love|lovin'?|night|nights|baby|all|what|how|"
    r"this|that|up|down|out|feel|feeling|time|want|wanna|gonna|go|get|got|let|let's|never|when|where|why|no|"
    r"not|do|like|at|if|from|into|again|"
    r"give|take|make|need|come|keep|tell|away|tonight|heart|dance|dancing|world|forever|show|shake|move|"
    r"inside|without|je|moi|toi|ti|te|mi|tu|ich|dich|mir|nicht|"
    r"amor|amour|corazón|nuit|nacht|liebe|vida)(?![\w-])",
    re.IGNORECASE,
)

_COMMON = re.compile(r"(?:untitled|intro|outro|interlude|unreleased|track|live|mix)\W*\d*", re.IGNORECASE)


def order_of(pairs: Sequence[tuple[str, str]], names: Sequence[str] = ()) -> Order:
    """Return which of (left, right) is the artist; ``names``: who is known to play, from the text above."""
    artist = title = weak_artist = weak_title = 0
    known = {name.casefold() for name in names}
    lefts, rights = _repeated([left for left, _ in pairs]), _repeated([right for _, right in pairs])
    for left, right in pairs:
        towards = _vote(_VERSION_BRACKET, right, left) + _vote(_SEVERAL, _bare(left), _bare(right))
        towards += (left.casefold() in lefts) - (right.casefold() in rights)
        towards += 2 * ((left.casefold() in known) - (right.casefold() in known))
        artist += towards > 0
        title += towards < 0
        everyday = _vote(_EVERYDAY, _bare(right), _bare(left))
        weak_artist += everyday > 0
        weak_title += everyday < 0
    n = len(pairs)
    if title >= max(2, n / 6) and title > 2 * artist:
        return Order.TITLE
    if title == 0 and artist == 0 and weak_title >= max(3, n / 4) and weak_title >= 3 * weak_artist:
        return Order.TITLE
    if title > max(artist, 1) or (artist == 0 and weak_title >= 2 and weak_title > weak_artist):
        return Order.TITLE if title > artist and weak_title > 2 * weak_artist else Order.UNCERTAIN
    return Order.ARTIST


def _vote(pattern: re.Pattern[str], this: str, other: str) -> int:
    return bool(pattern.search(this)) - bool(pattern.search(other))


def _bare(text: str) -> str:
    return re.sub(r"[(\[][^()\[\]]*[)\]]", "", text)


def _repeated(sides: list[str]) -> set[str]:
    counts = Counter(
        side.casefold() for side in sides if not is_unknown(side) and not _COMMON.fullmatch(side)
    )
    return {side for side, n in counts.items() if n > 1}
