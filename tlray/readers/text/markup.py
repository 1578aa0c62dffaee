"""Text freed of the marks of Markdown, of BBCode, and of pasted HTML; lists, tables and headings stay as lines."""

from __future__ import annotations

import html
import re

_BREAK = re.compile(r"<(?:br|/?p|/?li|/?div|/?tr|/?ul|/?ol)\b[^<>\n]{0,200}>", re.IGNORECASE)
_TAG = re.compile(
    r"</?(?:b|i|u|em|strong|span|a|small|font|center|code|pre|h[1-6])\b[^<>\n]{0,500}>", re.IGNORECASE
)
_ENTITY = re.compile(r"&(?:#\d{1,7}|#x[0-9a-f]{1,6}|[a-z]{2,8}[1-4]?);", re.IGNORECASE)
_LINK = re.compile(
    r"!?\[([^\[\]\n]{1,300})\]\((?:[^()\s]|\([^()\s]{0,200}\)){1,1000}(?:\s\"[^\"\n]{0,200}\")?\)"
)
_AUTOLINK = re.compile(r"<(https?://[^<>\s]{1,2000})>", re.IGNORECASE)
_STRONG = re.compile(r"(?<!\w)(\*\*|__|~~)(?=\S)([^*_~\n]{1,300}?)(?<=\S)\1(?!\w)")
_EMPHASIS = re.compile(r"(?<![\w*])([*_])(?=[^\s*_])([^*_\n]{1,300}?)(?<=[^\s*_])\1(?![\w*])")
_CODE = re.compile(r"`([^`\n]{1,300})`")
_BB_END = re.compile(r"\[/(?:b|i|u|s|url|list|size|colou?r|font|quote|center|spoiler|code)\]", re.IGNORECASE)
_BB_TAG = re.compile(
    r"\[/?(?:b|i|u|s|url|list|size|colou?r|font|quote|center|spoiler|code|img)(?:=[^\[\]\n]{0,500})?\]",
    re.IGNORECASE,
)
_BB_ITEM = re.compile(r"\[\*\][ \t]*")
_BOX = re.compile(r"^([ \t]*(?:[-*+]|\d{1,4}[.)])[ \t]+)\[[ xX]\][ \t]+", re.MULTILINE)
_ITEM = re.compile(r"( {0,3})(\d{1,4})[.)][ \t]")
_ESCAPED = re.compile(r"\\([\\`*_{}\[\]()#+.!|~>-])")


def plain_text(text: str, *, is_markdown: bool = False) -> str:
    """Return a text without tags, entities and emphasis; Markdown's single stars, code and escapes only where it is Markdown."""
    if "<" in text:
        text = _AUTOLINK.sub(r"\1", text)
        text = _TAG.sub("", _BREAK.sub("\n", text))
    if "&" in text:
        text = _ENTITY.sub(lambda found: html.unescape(found[0]), text)
    if "](" in text:
        text = _LINK.sub(r"\1", text)
    if _BB_END.search(text):
        text = _BB_TAG.sub("", _BB_ITEM.sub("\n* ", text))
    text = _STRONG.sub(r"\2", text)
    if is_markdown:
        text = _BOX.sub(r"\1", text)
        text = _ESCAPED.sub(r"\1", _CODE.sub(r"\1", _EMPHASIS.sub(r"\2", text)))
        text = _counted(text)
    return text


def _counted(text: str) -> str:
    """Number the items of lists whose source has ``1.`` for each, as Markdown shows them."""
    lines = text.split("\n")
    number = 0
    for at, line in enumerate(lines):
        if item := _ITEM.match(line):
            number = number + 1 if number else int(item[2])
            if number > 1 and int(item[2]) == 1:
                lines[at] = f"{item[1]}{number}{line[item.end(2) :]}"
        elif line.strip() and not line.startswith((" ", "\t")):
            number = 0
    return "\n".join(lines)
