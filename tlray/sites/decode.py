"""What do the bytes of a page say? One question: bytes and a declared charset in, UTF-8 bytes out.

Both lexbor and Python want UTF-8, and nearly every page is UTF-8 already, so an ordinary page is
only checked and handed back as it is, never copied. The charset is the byte order mark's, else
the HTTP header's, else the one that the page declares in its first kilobytes, else UTF-8. Decoding is strict:
a page that is not in its charset was cut or garbled on its way, and a guess would be stored as a name.
"""

from __future__ import annotations

import codecs
import re

_DECLARED_WITHIN = 4096
"""A page declares its charset in its first bytes (HTML asks for 1024; real pages are not that strict)."""

_META_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([A-Za-z0-9_:.-]{2,40})", re.IGNORECASE)

_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))

# The charsets that web pages come in. A list, because Python also knows codecs that are no charsets
# (idna, unicode_escape, ...), some of them slow on purpose-made input.
_PYTHON_CODECS = frozenset(
    codecs.lookup(name).name
    for name in (
        *("utf-8", "ascii", "utf-16", "utf-16-le", "utf-16-be", "koi8-r", "koi8-u", "mac-roman"),
        *("shift_jis", "euc_jp", "iso2022_jp", "gbk", "gb2312", "gb18030", "big5", "euc_kr"),
        *(f"cp{page}" for page in (866, 874, *range(1250, 1259))),
        *(f"iso8859-{part}" for part in (*range(1, 12), 13, 14, 15, 16)),
    )
)

# As browsers read them: who declares Latin-1 or ASCII sends Windows-1252.
_READ_AS = {"iso8859-1": "cp1252", "ascii": "cp1252"}


def declared_charset(body: bytes) -> str | None:
    """The charset that the page itself declares in a ``<meta>``, as it stands there."""
    found = _META_CHARSET.search(body, 0, _DECLARED_WITHIN)
    return found.group(1).decode("ascii") if found else None


def to_utf8(body: bytes, charset: str | None = None) -> bytes | None:
    """The page as valid UTF-8, no byte order mark; None where it is not in its charset, or that is unknown.

    ``charset`` is the HTTP header's. A ``<meta>`` that claims UTF-16 is read as UTF-8, as browsers do:
    it could not have been found otherwise.
    """
    for bom, bom_codec in _BOMS:
        if body.startswith(bom):
            return _recode(body[len(bom) :], bom_codec)
    if charset:
        codec = _codec(charset)
    else:
        declared = declared_charset(body)
        codec = _codec(declared) if declared else "utf-8"
        if codec is not None and codec.startswith("utf-16"):
            codec = "utf-8"
    return _recode(body, codec) if codec else None


def _codec(charset: str) -> str | None:
    try:
        name = codecs.lookup(charset.strip().strip("\"'")).name
    except (LookupError, ValueError):  # ValueError: a NUL in the name
        return None
    return _READ_AS.get(name, name) if name in _PYTHON_CODECS else None


def _recode(body: bytes, codec: str) -> bytes | None:
    if codec == "utf-8" and body.isascii():
        return body
    try:
        text = body.decode(codec)
    except ValueError:
        return None
    return body if codec == "utf-8" else text.encode("utf-8")
