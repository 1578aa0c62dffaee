"""The first look at a file: its beginning as text, and the name of its first element where it is markup."""

from __future__ import annotations

import re
from enum import StrEnum

from tlray.sites.json_text import unicode_encoding


class Shape(StrEnum):
    """The broad form of a file."""

    JSON = "JSON"
    XML = "XML"
    HTML = "HTML"
    TEXT = "text"
    BINARY = "binary data"


_PROLOG = re.compile(
    r"(?:\s|<\?.{0,2000}?\?>|<!--.{0,20000}?-->|<!doctype[^\[>]{0,2000}(?:\[.{0,20000}?\]\s*)?>)+",
    re.IGNORECASE | re.DOTALL,
)
_ELEMENT = re.compile(r"<([A-Za-z_][\w.-]*:)?([A-Za-z_][\w.-]*)[\s/>]")
_JSON_TOKEN = re.compile(r'"((?:[^"\\]|\\.)*)"|[{}\[\]:]')
_JSON_START = re.compile(r'\{\s*["}]|\[\s*(?:[{"]|\]\s*\Z)')
"""A line of a tracklist may begin with ``[07]`` or ``[[``."""
_DOCTYPE_HTML = re.compile(r"<!doctype\s+html", re.IGNORECASE)
HTML_ELEMENTS = frozenset(
    ["html", "head", "body", "title", "meta", "link", "script", "style", "div", "table", "p", "h1", "a", "br"]
)
_BINARY = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")


def head_text(head: bytes) -> str:
    """Return the beginning of a file as text, good enough to tell what it is."""
    return head.decode(unicode_encoding(head) or "utf-8", "replace")


def shape_of(head: bytes) -> Shape:
    """Return what a file is made of, so that only some readers need to look at it."""
    if unicode_encoding(head) is None and _BINARY.search(head[:4096].rstrip(b"\0")):
        return Shape.BINARY
    text = head_text(head[:32_768]).lstrip("\ufeff \t\r\n")
    if text.startswith(("{", "[")):
        return Shape.JSON if _JSON_START.match(text) else Shape.TEXT
    element = first_element(text)
    if element in HTML_ELEMENTS or _DOCTYPE_HTML.match(text):
        return Shape.HTML
    return Shape.XML if element or text.startswith("<?xml") else Shape.TEXT


def first_element(text: str) -> str:
    """Return the name of the first element of XML or HTML, in lower case and without its prefix; "" for other text."""
    prolog = _PROLOG.match(text)
    found = _ELEMENT.match(text, prolog.end() if prolog else 0)
    return found[2].lower() if found else ""


def json_keys(text: str) -> frozenset[str] | None:
    """Return the keys of a JSON object as far as the text goes, of an array those of its first object; None for other text."""
    start = text.lstrip()[:1]
    if start not in ("{", "["):
        return None
    keys: set[str] = set()
    depth, last, level = 0, "", 2 if start == "[" else 1
    for token in _JSON_TOKEN.finditer(text):
        mark = token[0]
        if mark in "{[":
            depth += 1
        elif mark in "}]":
            depth -= 1
            if level == 2 and depth == 1:
                break
        elif mark == ":":
            if depth == level:
                keys.add(last)
        else:
            last = token[1]
    return frozenset(keys)
