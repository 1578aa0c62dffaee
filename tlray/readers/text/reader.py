"""A text file with a list of tracks becomes a set: decoded, freed of markup, its list found, titled by what stands above it."""

from __future__ import annotations

import re
from hashlib import sha256

from tlray.core.model.tracklists import make_set
from tlray.model import PageKind, ParsedPage, Tracklist
from tlray.readers.decoding import GUESSED, NoTextError, Text, decode_text
from tlray.readers.interface import SourceFile
from tlray.readers.text.about import about
from tlray.readers.text.markup import plain_text
from tlray.sites.text import Dialect, FoundList, NoList, find_list
from tlray.sites.text.tables import is_ordered

MAX_BYTES = 8 * 1024 * 1024
"""A larger file is no text that a person wrote about a set."""

_SUFFIXES = (".txt", ".text", ".md", ".markdown", ".nfo", ".description", ".tracklist", ".me", ".1st")
_TABLES = (".csv", ".tsv")
_OTHER_KINDS = re.compile(
    rb"\s*(?:<(?:!doctype|html|\?xml|rss)|\{\s*\"|\[\s*(?:[\"{]|\[\s*[\"{\[\d-])|WARC/|#EXTM3U|PK\x03\x04)",
    re.IGNORECASE,
)
"""Wikitext may begin ``[[File:`` or ``{{Player``."""
_WIKI = re.compile(
    r"^==[ \t]*Tracklist[ \t]*==[ \t]*\r?\n(?:[^\n]*\n){0,20}?(?:#[ ]?\[|<list>)",
    re.IGNORECASE | re.MULTILINE,
)
_ART = re.compile(rb"[\xb0-\xdf\xfe]{2}")


class TextReader:
    """The `FileReader` of kind ``text``."""

    kind = "text"
    version = "text/2"

    def recognises(self, head: bytes, name: str) -> bool:
        """True if it may be text of a person: its name says so, and its beginning is not of another kind."""
        base = name.lower()
        if base.endswith(_TABLES):
            return _is_text(head) and is_ordered(decode_text(head).text)
        return (
            (base.endswith(_SUFFIXES) or "." not in base) and not _OTHER_KINDS.match(head) and _is_text(head)
        )

    def read(self, file: SourceFile) -> ParsedPage:
        """Read the set in a text. Never raises."""
        if len(file.body) > MAX_BYTES:
            return _unknown(f"{len(file.body)} bytes: too large for a text, the limit is {MAX_BYTES}")
        try:
            text, issues = _decoded(file)
        except NoTextError as error:
            return _unknown(str(error))
        if not text.strip():
            return _unknown("empty")
        is_markdown = file.name.lower().endswith((".md", ".markdown"))
        found = _of_wiki(text) if _WIKI.search(text) else find_list(plain_text(text, is_markdown=is_markdown))
        if not isinstance(found, FoundList):
            return _unknown(found.reason)
        return ParsedPage(
            PageKind.TRACKLIST, tracklists=(_set(file, found, issues, is_markdown=is_markdown),)
        )


def _of_wiki(text: str) -> FoundList | NoList:
    """Return the list of a page of MixesDB, whose wikitext was saved as text."""
    from tlray.sites.mixesdb.wikitext import read_wikitext  # noqa: PLC0415 - few texts are wikitext

    return find_list(read_wikitext(text, key="", title="").lines, dialect=Dialect.MIXESDB)


def _decoded(file: SourceFile) -> Text:
    """Decode a file; the art of an ``.nfo`` is drawn with the letters of CP437."""
    decoded = decode_text(file.body, file.encoding)
    if GUESSED in decoded.issues and (
        file.name.lower().endswith(".nfo") or len(_ART.findall(file.body[:65536])) > 20
    ):
        return Text(file.body.decode("cp437"), decoded.issues)
    return decoded


def _set(file: SourceFile, found: FoundList, issues: list[str], *, is_markdown: bool) -> Tracklist:
    known = about(found.above, file.name)
    return make_set(
        found.tracks,
        url=file.url,
        site="text",
        source_id=sha256(file.body).hexdigest(),
        title=known.title,
        date=known.date,
        djs=known.djs,
        quality_issues=[*issues, *found.issues],
        parser=TextReader.version,
        media_type="text/markdown" if is_markdown else "text/plain",
    )


def _is_text(head: bytes) -> bool:
    try:
        decode_text(head)
    except NoTextError:
        return False
    return True


def _unknown(reason: str) -> ParsedPage:
    return ParsedPage(PageKind.UNKNOWN, reason)
