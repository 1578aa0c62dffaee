"""The content of a set as the catalogue keeps it: what two versions are compared by, and what a search finds.

A list of columns, not of rows, as JSON; compressed it is about 1 kB for 40 tracks.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import Any, Final

from tlray.core.catalogue.version import Row, Version
from tlray.model import Identity

_DIGEST_BYTES: Final = 16
_LEVEL: Final = 1
Content = list[Any]
"""[title, date, djs, sources, site, artists, titles, identities, cues, precisions, labels, track ids], each of the last seven a
list with a value for each row."""


def pack(content: Content) -> tuple[bytes, bytes]:
    """Return a content compressed, and its digest."""
    raw = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    return zlib.compress(raw, _LEVEL), blake2b(raw, digest_size=_DIGEST_BYTES).digest()


def unpack(packed: bytes) -> Content:
    """Return a content that `pack` has compressed."""
    found: Content = json.loads(zlib.decompress(packed))
    return found


def version_of(content: Content, parser: str, fetched_at: float | None) -> Version:
    """Return a version of a set, to be compared."""
    title, date, djs, _, _, *columns = content
    return Version(
        title, date, djs, parser, fetched_at, [Row(*values) for values in zip(*columns, strict=True)]
    )


def words_of(content: Content) -> tuple[str, ...]:
    """Return the texts of a set for the columns of the full-text index, in their order."""
    title, _, djs, sources, site, artists, titles, identities, _, _, labels, _ = content
    known = [identity != Identity.ID for identity in identities]
    return (
        title,
        _lines(djs),
        _lines(_where(artists, known)),
        _lines(_where(titles, known)),
        _lines(label for of_row in labels for label in of_row),
        _lines([site, *sources]),
    )


def _where(values: Sequence[str], claims: Sequence[bool]) -> Iterable[str]:
    return (value for value, claim in zip(values, claims, strict=True) if claim)


def _lines(texts: Iterable[str]) -> str:
    """Return each text once."""
    return "\n".join(dict.fromkeys(texts))
