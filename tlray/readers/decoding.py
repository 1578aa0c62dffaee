"""Text of a file whose encoding nobody says: byte order mark, zeros, UTF-8, what the user says, evidence, Windows-1252.

Of 2,368 CUE sheets beside DJ sets 62 % were ASCII, 20 % UTF-8, 14 % Windows-1252, 5 % UTF-16. One accented byte proves nothing: detectors
read Latin-1 as Cyrillic. So another script is taken only where whole words are written in it.
"""

from __future__ import annotations

import codecs
import re
from typing import NamedTuple

from turbohtml.detect import Detection, detect

GUESSED = "encoding_guessed"

_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (codecs.BOM_UTF8, "utf-8"),
)
_LOOKED_AT = 64 * 1024
_HIGH_WORD = re.compile(rb"[A-Za-z\x40\x5b-\x60\x7b-\x7e]*(?:[\x80-\xff][A-Za-z\x40\x5b-\x60\x7b-\x7e]*)+")
_HIGH = re.compile(rb"[\x80-\xff]")
_OTHER_SCRIPTS = Detection(
    allowed=frozenset({
        "windows-1251", "KOI8-R", "KOI8-U", "windows-1253", "windows-1255", "windows-1256", "GBK", "gb18030", "Big5",
        "Shift_JIS", "EUC-JP", "EUC-KR",
    })
)  # fmt: skip
_MIN_HIGH_BYTES = 6
_MIN_SHARE = 0.7
"""So much of the words with bytes beyond ASCII is such bytes: 1/5 of ``Lucía``, all of a word in Russian."""


class NoTextError(Exception):
    """The file is no text that can be read; the text is the reason."""


class Text(NamedTuple):
    """A file as text."""

    text: str
    issues: list[str]
    """``encoding_guessed``, ``2 unreadable characters``."""


def decode_text(body: bytes, encoding: str | None = None) -> Text:
    """Decode a file; ``encoding`` is what the user says, which counts where nothing in the file says it surely."""
    for mark, name in _MARKS:
        if body.startswith(mark):
            return _lenient(body[len(mark) :], name)
    if b"\0" in body[:_LOOKED_AT]:
        if wide := _wide(body[:_LOOKED_AT]):
            return _lenient(body, wide)
        raise NoTextError("binary")
    try:
        return Text(body.decode("utf-8"), [])
    except UnicodeDecodeError:
        pass
    if encoding is not None:
        try:
            return Text(body.decode(encoding), [])
        except (LookupError, ValueError) as error:
            raise NoTextError(f"not in the encoding {encoding[:40]!r}") from error
    lenient = _lenient(body, "utf-8")
    n_bad = lenient.text.count("\ufffd")
    if 4 * n_bad <= sum(c > "\x7f" for c in lenient.text) - n_bad:
        return lenient
    return Text(body.decode(_by_evidence(body[:_LOOKED_AT], body) or "whatwg-windows-1252"), [GUESSED])


def head_text(head: bytes) -> str:
    """Return the beginning of a file as text that shows what it is; "" for what is no text."""
    try:
        return decode_text(head).text
    except NoTextError:
        return ""


def _lenient(body: bytes, encoding: str) -> Text:
    text = body.decode(encoding, "replace")
    n_bad = text.count("\ufffd")
    return Text(text, [f"{n_bad} unreadable character{'s' * (n_bad > 1)}"] if n_bad else [])


def _wide(head: bytes) -> str | None:
    """Tell UTF-32 and UTF-16 by the places of zeros: commands, digits and blanks are ASCII in any script."""
    n = len(head) // 4
    if not n:
        return None
    shares = [head[place : 4 * n : 4].count(0) / n for place in range(4)]
    match [share > 0.9 for share in shares]:
        case [False, _, True, True]:
            return "utf-32-le"
        case [True, True, _, False]:
            return "utf-32-be"
    even, odd = (shares[0] + shares[2]) / 2, (shares[1] + shares[3]) / 2
    if max(even, odd) < 0.2 or min(even, odd) > 0.02:
        return None
    return "utf-16-le" if odd > even else "utf-16-be"


def _by_evidence(head: bytes, body: bytes) -> str | None:
    """Return the encoding of another script; None where the text may as well be Western."""
    words = [word for word in _HIGH_WORD.findall(head) if len(word) > 1]
    n_high = sum(len(_HIGH.findall(word)) for word in words)
    if n_high < _MIN_HIGH_BYTES or n_high < _MIN_SHARE * sum(map(len, words)):
        return None
    found = detect(head, _OTHER_SCRIPTS).encoding
    if found is None:
        return None
    codec = "gb18030" if found == "GBK" else f"whatwg-{found.lower()}"
    try:
        body.decode(codec)
    except (LookupError, ValueError):
        return None
    return codec
