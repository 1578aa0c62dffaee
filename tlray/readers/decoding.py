"""Text of a file whose encoding nobody says: byte order mark, zeros, UTF-8, what the user says, evidence, Windows-1252.

Of 2,368 CUE sheets beside DJ sets 61 % were ASCII, 20 % UTF-8, 14 % Windows-1252, 5 % UTF-16. One accented byte proves nothing:
detectors read Latin-1 as Cyrillic. So another script is taken only where whole words are written in it.
"""

from __future__ import annotations

import codecs
import re
from typing import NamedTuple

from turbohtml.detect import Detection, detect

from tlray.sites.json_text import unicode_encoding

GUESSED = "encoding_guessed"

_NO_CHARSETS = frozenset({"idna", "punycode", "raw-unicode-escape", "unicode-escape", "undefined", "utf-7"})
"""Codecs of text that are no encodings of files; some take the square of the time."""
_LOOKED_AT = 64 * 1024
_WORD = re.compile(rb"[A-Za-z\x40\x5b-\x60\x7b-\x7e\x80-\xff]{2,}")
_HIGH = re.compile(rb"[\x80-\xff]")
_CONTROLS = re.compile(rb"[\x00-\x08\x0e-\x19\x1c-\x1f]")
_NO_TEXT = re.compile("[\x00-\x08\x0e-\x19\x1c-\x1f]")
_OTHER_SCRIPTS = Detection(
    allowed=frozenset({
        "windows-1251", "KOI8-R", "KOI8-U", "windows-1253", "windows-1255", "windows-1256", "GBK", "gb18030", "Big5",
        "Shift_JIS", "EUC-JP", "EUC-KR",
    })
)  # fmt: skip
_KANA = re.compile(rb"\x82[\x9f-\xf1]|\x83[\x40-\x96]")
_MIN_KANA = 4
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
    head = body[:_LOOKED_AT]
    if wide := unicode_encoding(head):
        decoded = _lenient(body, wide)
        if _NO_TEXT.search(decoded.text) or 4 * decoded.text.count("\ufffd") > len(decoded.text):
            raise NoTextError("binary")
        return decoded
    body = body.rstrip(b"\0") or body  # a crash leaves zeros behind what was written
    head = body[:_LOOKED_AT]
    if 100 * len(_CONTROLS.findall(head)) > len(head):
        raise NoTextError("binary")
    body = body.replace(b"\0", b"")
    try:
        return Text(body.decode("utf-8"), [])
    except UnicodeDecodeError:
        pass
    if encoding is not None:
        try:
            if codecs.lookup(encoding).name in _NO_CHARSETS:
                raise LookupError(encoding)  # noqa: TRY301
            return Text(body.decode(encoding), [])
        except (LookupError, ValueError) as error:
            raise NoTextError(f"not in the encoding {encoding[:40]!r}") from error
    lenient = _lenient(body, "utf-8")
    n_bad = lenient.text.count("\ufffd")
    if 4 * n_bad <= sum(c > "\x7f" for c in lenient.text) - n_bad:
        return lenient
    return Text(body.decode(_by_evidence(head, body) or "whatwg-windows-1252"), [GUESSED])


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


def _by_evidence(head: bytes, body: bytes) -> str | None:
    """Return the encoding of another script; None where the text may as well be Western."""
    if _is_japanese(head):
        return "whatwg-shift_jis"
    words = {word for word in _WORD.findall(head) if not word.isascii()}
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


def _is_japanese(head: bytes) -> bool:
    """True if it is Shift JIS with kana. Their second bytes may be letters of ASCII; the first ones, ``‚`` and ``ƒ``, are rare in
    Western text."""
    if len(_KANA.findall(head)) < _MIN_KANA:
        return False
    text = head.decode("whatwg-shift_jis", "replace")
    n_other = sum(char > "\x7f" for char in text)
    n_japanese = sum("\u3000" <= char <= "\u9fff" for char in text)
    return "\ufffd" not in text[:-2] and n_japanese >= _MIN_SHARE * n_other


def is_encoding(name: str) -> bool:
    """True if Python knows an encoding of files by that name; it has names for other codecs, too (``base64``)."""
    try:
        " ".encode(name)
        return codecs.lookup(name).name not in _NO_CHARSETS
    except (LookupError, ValueError):
        return False
