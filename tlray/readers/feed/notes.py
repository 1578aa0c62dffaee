"""Show notes as lines of text: HTML, HTML escaped once more, or plain."""

from __future__ import annotations

import html
import re

MAX_CHARS = 1_000_000
_TOKEN = re.compile(r"<!--|<(/?)([a-zA-Z][a-zA-Z0-9:-]{0,30})(?:\s[^<>]{0,4000}|/)?>|<!\[CDATA\[|\]\]>")
_BREAKS = frozenset(
    [
        "br",
        "p",
        "li",
        "div",
        "tr",
        "ul",
        "ol",
        "table",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "hr",
        "blockquote",
        "pre",
        "dt",
        "dd",
        "section",
        "article",
    ]
)
_UNSEEN = frozenset(["script", "style", "template", "svg"])
_UNSEEN_END = re.compile(r"</(?:script|style|template|svg)\s*>", re.IGNORECASE)
_COMMENT_END = re.compile("-->")
_CELL = frozenset(["td", "th"])
_BREAK = "\x00"
_LIST_LINE = re.compile(r"\s*(?:[\[(#]?\d{1,3}(?::\d\d|[.)\]])|\S.{0,150}\s[-–—]\s\S)")
_ESCAPED = re.compile(r"&lt;(?:/?(?:p|br|li|ul|ol|div|a|b|strong|em|i|span|h[1-6])\b)", re.IGNORECASE)


def lines_of_notes(text: str) -> str:
    """Return show notes as plain text, a line for each that a reader sees."""
    text = text[:MAX_CHARS]
    if not _has_tags(text) and _ESCAPED.search(text):
        text = html.unescape(text)
    if not _has_tags(text):
        return html.unescape(text)
    pieces: list[str] = []
    at = 0
    while found := _TOKEN.search(text, at):
        pieces.append(text[at : found.start()])
        at = found.end()
        name = (found[2] or "").lower()
        if name in _BREAKS:
            pieces.append(_BREAK)
        elif name in _CELL:
            pieces.append("\t" if found[1] else "")
        elif found[0] == "<!--":
            at = _past(text, _COMMENT_END, at)
        elif name in _UNSEEN and not found[1]:
            at = _past(text, _UNSEEN_END, at)
    pieces.append(text[at:])
    return html.unescape(_broken_into_lines("".join(pieces)))


def _past(text: str, end: re.Pattern[str], at: int) -> int:
    found = end.search(text, at)
    return found.end() if found else len(text)


def _has_tags(text: str) -> bool:
    return any(found[2] for found in _TOKEN.finditer(text))


def _broken_into_lines(text: str) -> str:
    """Return text with its breaks as line ends.

    A line end of the source is a blank in HTML. Where a writer used more of them than tags that break, or where they part the
    lines of a list, they are meant.
    """
    text = _BREAK.join(map(_trimmed, text.replace("\r\n", "\n").split(_BREAK)))
    if text.strip(_BREAK + "\n ").count("\n") > text.count(_BREAK):
        return text.replace(_BREAK, "\n")
    return "\n".join(part if _is_list(part) else part.replace("\n", " ") for part in text.split(_BREAK))


def _trimmed(part: str) -> str:
    """Return what stands between two breaks without blanks, and one line end, on both sides."""
    return part.strip(" \t").removeprefix("\n").removesuffix("\n").strip(" \t")


def _is_list(text: str) -> bool:
    lines = [line for line in text.split("\n") if line.strip()]
    return len(lines) >= 3 and sum(bool(_LIST_LINE.match(line)) for line in lines) * 3 >= len(lines) * 2
