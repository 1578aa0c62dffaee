"""The file name of a title: one that every system takes, the same from run to run.

A name is ``<title> [<source id>]<suffix>``, as yt-dlp does it: the id keeps two sets of one title apart
whatever the order they come in. Where that is not enough (a site without ids, two sets of a page) the
later one gets `` (2)``, so such names are stable as long as the order is.

Names are NFC, at most 200 bytes of UTF-8 with the suffix, and equal names are found without regard to case
and to NFC or NFD, as on Windows and macOS.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata

MAX_BYTES = 200
"""Of a whole name; Linux ends at 255, and a temporary name or ``.part`` must fit too."""
MAX_TAG_BYTES = 60
"""Of the id and what else must not be cut off."""
UNTITLED = "untitled"

# ?" and the like cannot stand in a Windows name, / and \ nowhere; a quotation mark has a harmless twin
_REPLACED = str.maketrans({'"': "'"} | dict.fromkeys("/\\:*?<>|", "_"))
# what turns the direction of the text about, or shows nothing: ".cue" must not look like "euc."
_HIDDEN = frozenset("\u00ad\u061c\u200b\u200e\u200f\u2028\u2029\u2060\ufeff") | {
    chr(c) for c in (*range(0x202A, 0x202F), *range(0x2066, 0x2070), *range(0xFFF9, 0xFFFC))
}
_DEVICES = frozenset(
    ["con", "prn", "aux", "nul", "conin$", "conout$", "clock$"]
    + [port + digit for port in ("com", "lpt") for digit in "0123456789¹²³"]
)
_JOINER = "\u200d"


def safe_name(title: str, *, tag: str = "", suffix: str = "", max_bytes: int = MAX_BYTES) -> str:
    """A file name of ``title``, which is cut where it is too long, ``tag`` and ``suffix``, which are not."""
    ending = _clean(tag, leading=" ")
    ending = (" " + cut(ending, MAX_TAG_BYTES).rstrip(" .") if ending else "") + suffix
    stem = _clean(title, leading=" .-_~")
    # a cut may lay bare a dot or a blank at the end, which Windows drops
    stem = cut(stem, max_bytes - len(ending.encode())).rstrip(" .") or UNTITLED
    name = stem + ending
    base, dot, rest = name.partition(".")
    return base.rstrip(" ") + "_" + dot + rest if base.rstrip(" ").casefold() in _DEVICES else name


def cut(text: str, max_bytes: int) -> str:
    """The longest beginning of ``text`` within ``max_bytes`` of UTF-8 that parts no letter from its marks."""
    encoded = text.encode()
    if len(encoded) <= max_bytes:
        return text
    end = len(encoded[: max(max_bytes, 0)].decode("utf-8", "ignore"))
    return text[: whole_letters(text, end)]


def whole_letters(text: str, end: int) -> int:
    """The last place, ``end`` or before, where a cut of ``text`` parts no letter from its marks."""
    while 0 < end < len(text) and (_extends(text[end]) or text[end - 1] == _JOINER):
        end -= 1
    return end


class Names:
    """The names of one folder: each is given once. A million of them take about 70 MB."""

    def __init__(self) -> None:
        self._taken: set[int] = set()
        self._last_number: dict[int, int] = {}

    def take(self, title: str, *, tag: str = "", suffix: str = "") -> str:
        """A safe name that was not given before, numbered where needed: ``Title (2).cue``."""
        name = safe_name(title, tag=tag, suffix=suffix)
        first = key = _key(name)
        while key in self._taken:
            number = self._last_number[first] = self._last_number.get(first, 1) + 1
            mark = f" ({number})"  # must outlive the cut of a long tag, or no number would make a new name
            kept = cut(_clean(tag, leading=" "), MAX_TAG_BYTES - len(mark)).rstrip(" .")
            name = safe_name(title, tag=kept + mark, suffix=suffix)
            key = _key(name)
        self._taken.add(key)
        return name


def _clean(text: str, *, leading: str) -> str:
    if not (text.isascii() and text.isprintable()):
        text = unicodedata.normalize("NFC", text)
        text = "".join(" " if c.isspace() else c for c in text if c.isspace() or not _is_unprintable(c))
    text = text.translate(_REPLACED)
    text = re.sub(r" +", " ", re.sub(r"\.{2,}", ".", text))
    # dropping what stood between a letter and its mark may have brought them together
    return unicodedata.normalize("NFC", text.lstrip(leading).rstrip(" ."))


def _is_unprintable(char: str) -> bool:
    code = ord(char)
    is_noncharacter = code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF
    return char in _HIDDEN or is_noncharacter or unicodedata.category(char) in {"Cc", "Cs"}


def _extends(char: str) -> bool:
    is_skin_tone = "\U0001f3fb" <= char <= "\U0001f3ff"
    return char == _JOINER or is_skin_tone or unicodedata.category(char).startswith("M")


def _key(name: str) -> int:
    folded = unicodedata.normalize("NFD", unicodedata.normalize("NFD", name).casefold())
    return int.from_bytes(hashlib.blake2b(folded.encode(), digest_size=8).digest())
