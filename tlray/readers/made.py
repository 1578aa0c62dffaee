"""A set made of what a file says: counts, and what is the same for all kinds of files."""

from __future__ import annotations

import re
from collections.abc import Sequence
from hashlib import sha256
from typing import Any

from tlray.core.model.tracklists import make_set
from tlray.model import Track, Tracklist
from tlray.readers.interface import SourceFile
from tlray.sites.text.characters import clean, one_blank

_EXTENSION = re.compile(r"(?:\.(?:info|chapters|description|matroska))?\.[A-Za-z0-9]{1,12}$")


def made_set(tracks: list[Track], *, title: str, **fields: Any) -> Tracklist:
    """Return a set with these tracks, its counts filled in."""
    return make_set(tracks, title=one_blank(clean(title)), **fields)


def content_id(file: SourceFile) -> str:
    """Return the id of a set that has none of its own: the SHA-256 of its file."""
    return sha256(file.body).hexdigest()


def stem(name: str) -> str:
    """Return the name of a file without what says its kind."""
    return _EXTENSION.sub("", name) or name


def names(*texts: str) -> list[str]:
    """Return the texts that are not empty, on one line each."""
    return [named for text in texts if (named := one_blank(clean(text)))]


def plural(count: int, word: str) -> str:
    """Return a count with its word: ``1 chapter``, ``2 chapters``."""
    return f"{count} {word}{'' if count == 1 else 's'}"


def links(urls: Sequence[str]) -> list[str]:
    """Return the addresses that are of the web."""
    return [url for url in urls if url.startswith(("http://", "https://"))]


def is_site_name(text: str) -> bool:
    """True if a set of this site has an address in the catalogue: the name is one part of a path, and no step."""
    return text not in ("", ".", "..") and "/" not in text and text.isprintable()
