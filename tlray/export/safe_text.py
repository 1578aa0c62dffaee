"""Names of strangers as they may stand on a line of a file, in XML, and in a comment of XML.

Control characters and line separators become blanks, what is no character becomes ``\\ufffd``. The marks that turn the direction
of a text about are left out, or a title could show the rest of its line reversed.
"""

from __future__ import annotations

import html
import re
from urllib.parse import quote

CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
NO_CHARACTERS = re.compile("[\ud800-\udfff\ufffe\uffff]")
"""Halves of surrogate pairs, and what XML cannot hold even as a reference."""
_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")

_WEB = re.compile(
    r"https?://[^\s/?#@:%<>\[\]\"\\^`{|}\x00-\x20\x7f-\xa0]+(?::\d{1,5})?(?:[/?#][^\s\x00-\x20\x7f-\xa0]*)?",
    re.IGNORECASE,
)
"""Without a name and password before the host: those are not for readers of a file."""
_BARE_PERCENT = re.compile("%(?![0-9A-Fa-f]{2})")


def one_line(text: str) -> str:
    """Return a text that stands on one line, without blanks around it."""
    if not (text.isascii() and text.isprintable()):
        text = NO_CHARACTERS.sub("\ufffd", CONTROLS.sub(" ", _TURNING.sub("", text)))
    return text.strip()


def in_xml(text: str) -> str:
    """Return a text on one line as it stands in an element or a quoted attribute."""
    return html.escape(one_line(text))


def xml_comment(text: str) -> str:
    """Return a comment of XML, which must not hold ``--``."""
    return f"<!-- {re.sub('-(?=-)', '- ', one_line(text))} -->"


def web_address(url: str | None) -> str:
    """Return an address of the web as a URI of ASCII characters; "" for any other text."""
    if url is None or not _WEB.fullmatch(url):
        return ""
    address, mark, fragment = _BARE_PERCENT.sub("%25", url).partition("#")
    safe = "%/:?@!$&'()*+,;=~"
    return quote(address, safe=safe, errors="replace") + mark + quote(fragment, safe=safe, errors="replace")
