"""Decoding of pages as browsers do it: bytes and HTTP's charset in, UTF-8 bytes out.

The encoding is the byte order mark's, else the HTTP header's, else the one that a real ``<meta>`` declares, else UTF-8.
Labels, decoders and the search for the ``<meta>`` are those of the WHATWG's Encoding and HTML standards, by turbohtml: an
unknown label counts as none, and nothing in a comment, a script or another attribute is a declaration. A byte sequence that
the encoding does not have becomes U+FFFD, and is counted: a caller must not store names with those.

Both lexbor and Python want UTF-8, and nearly every page is UTF-8 already, so an ordinary page is
only checked and handed back as it is, never copied.
"""

from __future__ import annotations

import codecs
import re
from functools import lru_cache
from typing import NamedTuple

import turbohtml
import turbohtml.detect  # registers the codecs `whatwg-…`

from tlray.sites.bombs import makes_too_much

REPLACEMENT = "\ufffd"
"""What stands where bytes are not of the page's encoding."""

_DECLARED_WITHIN = 4096
"""A page declares its charset in its first bytes (HTML asks for 1024; real pages are not that strict)."""
_HEAD_WITHIN = 64 * 1024
"""A longer head is searched to its end, as browsers do, but no further than this."""
_MAX_LABEL_CHARS = 40

_BOMS = ((codecs.BOM_UTF8, "UTF-8"), (codecs.BOM_UTF16_LE, "UTF-16LE"), (codecs.BOM_UTF16_BE, "UTF-16BE"))
_XML_IN_UTF16 = ((b"<\0?\0x\0", "UTF-16LE"), (b"\0<\0?\0x", "UTF-16BE"))
_XML_DECLARATION = re.compile(rb"<\?xml[^>]{0,200}?\sencoding\s*=\s*[\"']\s*([\w.:-]{1,40})\s*[\"']")
_CHARSET = re.compile(rb"charset", re.IGNORECASE)
_HEAD_END = re.compile(rb"</head|<body", re.IGNORECASE)


class Decoded(NamedTuple):
    """A page in UTF-8."""

    data: bytes
    """Valid UTF-8 without a byte order mark."""
    n_bad: int
    """How many byte sequences were not of the page's encoding; each is a U+FFFD in ``data``."""


def decode(body: bytes, charset: str | None = None) -> Decoded:
    """Return the page in UTF-8, and how much of it could not be decoded; ``charset`` is the HTTP header's."""
    for bom, encoding in _BOMS:
        if body.startswith(bom):
            return _recode(body[len(bom) :], encoding)
    return _recode(body, (_encoding(charset) if charset else None) or declared_encoding(body) or "UTF-8")


def to_utf8(body: bytes, charset: str | None = None) -> bytes:
    """Return the page as valid UTF-8, no byte order mark, U+FFFD for what is not of its encoding."""
    return decode(body, charset).data


def declared_encoding(body: bytes) -> str | None:
    """Return the encoding that the page itself declares, by the standard's name; None where it declares none."""
    head = body[:_DECLARED_WITHIN]
    found = _in_markup(head)
    if found is None and not _HEAD_END.search(head):
        end = _HEAD_END.search(body, _DECLARED_WITHIN, _HEAD_WITHIN)
        end_at = end.start() if end else _HEAD_WITHIN
        if _CHARSET.search(body, _DECLARED_WITHIN, end_at):
            found = _in_markup(body[:end_at])
    return found or _in_xml(head)


def _in_markup(head: bytes) -> str | None:
    """Return the encoding of the first ``<meta>`` element that names one."""
    if not _CHARSET.search(head) or makes_too_much(head):
        return None
    document = turbohtml.parse(head, positions=False)
    return document.encoding if document.encoding_confidence == "certain" else None


def _in_xml(head: bytes) -> str | None:
    """Return the encoding of an XML declaration at the page's very beginning."""
    for start, encoding in _XML_IN_UTF16:
        if head.startswith(start):
            return encoding
    found = _XML_DECLARATION.match(head)
    named = _encoding(found.group(1).decode("ascii", "replace")) if found else None
    return "UTF-8" if named and named.startswith("UTF-16") else named  # it could not have been read otherwise


@lru_cache(maxsize=64)
def _encoding(label: str) -> str | None:
    """Return the standard's name of a label; None for an unknown one."""
    try:
        return turbohtml.parse(b"", encoding=label.strip(" \t\"'")[:_MAX_LABEL_CHARS]).encoding
    except (LookupError, ValueError):  # ValueError: half a surrogate pair, from a header's raw bytes
        return None


def _recode(body: bytes, encoding: str) -> Decoded:
    if encoding != "UTF-8":
        text = body.decode(f"whatwg-{encoding}")
        return Decoded(text.encode("utf-8", "replace"), text.count(REPLACEMENT))
    try:
        if not body.isascii():
            body.decode("utf-8")
    except UnicodeDecodeError:
        text = body.decode("utf-8", "replace")
        return Decoded(text.encode(), text.count(REPLACEMENT) - body.count(REPLACEMENT.encode()))
    return Decoded(body, 0)
