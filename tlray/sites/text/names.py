"""Artist and title of a body, what is unknown of them, and marks of wikitext."""

from __future__ import annotations

import re
from typing import NamedTuple

from tlray.model import Identity
from tlray.sites.text.separators import Separator, split, without_quotes


class Name(NamedTuple):
    """Who made a track and what it is called."""

    artist: str
    title: str


_UNKNOWN = re.compile(
    r"[?¿]{1,6}|\W{0,2}(?:id|i\.d\.?|unknown|unk|unidentified|unknown\s+(?:artist|track|title|id)|n/a|tba|tbc|"
    r"tbd|track\s+id|id\s*\d{1,2})\W{0,3}",
    re.IGNORECASE,
)
_UNKNOWN_PLUS = re.compile(r"(?:ID|\?{1,3})(?:\s*[(\[].*)?")
_UNKNOWN_REMIX = re.compile(
    r"(?<!\w)(?:ID|\?{1,3})\s+(?:extended\s+|vip\s+)?(?:re-?)?(?:mix|work|edit|bootleg|mashup|flip|dub)\b",
    re.IGNORECASE,
)
_ASKS = re.compile(
    r"^(?:what|who|whose|where|when|why|how|which|do|does|did|is|are|am|was|were|can|could|will|would|should|"
    r"shall|have|has|had|ain'?t|isn'?t|don'?t|won'?t|"
    r"aren'?t|can'?t|you|have|qui|que|qué|quién|wer|was|wie|wo|warum|pourquoi|comment|où|got|ready|remember|"
    r"right|really|huh|hey|so|and|u)\b",
    re.IGNORECASE,
)
_MARKED_DOUBT = re.compile(r"\s*[(\[]\?{1,3}[)\]]$")
_ITALICS = re.compile(r"'{2,5}")
_ANNOUNCED = re.compile(r"^'''(?P<what>[^']{1,80}[:：])'''\s*")
_WIKI_LINK = re.compile(r"\[\[(?:[^\[\]|]{1,200}\|)?([^\[\]|]{1,200})\]\]")


def is_unknown(text: str) -> bool:
    """True if the text says that nothing is known: ``?``, ``ID``, ``ID?``, ``Unknown``, ``ID - ID``, ``Unknown Artist - ID``."""
    parts = re.split(r"\s+[-–—]\s+", text.strip())
    return len(parts) <= 2 and all(_UNKNOWN.fullmatch(part) for part in parts)


def named(body: str, separator: Separator | None, *, title_first: bool = False) -> Name:
    """Split a body; without a separator all of it is the title."""
    if (found := separator and split(body, separator)) is None:
        if is_unknown(body):
            artist, _, title = body.partition(" - ")
            return Name(artist, title or artist)
        body = re.sub(r"^[-–—]\s+|\s+[-–—]$", "", body)
        return Name("", without_quotes(body))
    artist, title = found
    if separator in (Separator.BY, Separator.QUOTED):
        return Name(artist, title)
    if title_first:
        return Name(title, without_quotes(artist))
    return Name(artist, without_quotes(title))


def identity_of(name: Name) -> Identity:
    """Return how much of a track is known."""
    no_artist = not name.artist or _UNKNOWN.fullmatch(name.artist)
    if _UNKNOWN.fullmatch(name.title):
        return Identity.ID if no_artist else Identity.ID_TITLE
    if _UNKNOWN_PLUS.fullmatch(name.title):
        return Identity.ID_TITLE
    if _UNKNOWN_REMIX.search(name.title):
        return Identity.ID_REMIX
    if name.artist and no_artist and "?" not in name.artist:
        return Identity.ID_TITLE
    return Identity.IDENTIFIED


def doubts(body: str) -> bool:
    """True if a body is unknown, or its title is, with a question mark: the list uses them as marks."""
    return "?" in body and (is_unknown(body) or bool(re.search(r"[-–—]\s*\?+(?:\s*[(\[].*)?$", body)))


def is_marked_doubtful(body: str) -> bool:
    """True for ``Title (?)``, which is doubt in any list."""
    return bool(_MARKED_DOUBT.search(body))


def without_doubt(title: str) -> str:
    """Return a title without the question mark of a writer who is not sure."""
    if marked := _MARKED_DOUBT.search(title):
        return title[: marked.start()] or title
    if not title.endswith("?") or _UNKNOWN.fullmatch(title) or _ASKS.match(title):
        return title
    return title.rstrip("? ").strip() or title


def without_wiki_marks(text: str) -> tuple[str, str, bool]:
    """Return a line of wikitext without its marks, the announcement in bold before it, and True if it is in italics (guessed)."""
    announced = _ANNOUNCED.match(text)
    what = announced["what"] if announced else ""
    text = text[announced.end() :] if announced else text
    plain = _WIKI_LINK.sub(r"\1", _ITALICS.sub("", text) if "''" in text else text)
    return plain.strip(), what, text.startswith("''") and not text.startswith("'''")
