"""How do sets become one JSON document? A batch is an array, also of one set or none; in a file of its own a set is an object."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tlray.export.interface import Piece
from tlray.export.json_shape import dumps
from tlray.export.options import Options
from tlray.model import Tracklist


def per_set(tracklist: Tracklist, options: Options) -> Iterator[Piece]:
    """One file, indented for people."""
    del options
    yield Piece((dumps(tracklist, indent=2), b"\n"))


def together(sets: Iterable[Tracklist], options: Options) -> Iterator[bytes]:
    """One document: an array with a set on each line, whatever their number."""
    del options
    lead = b"[\n"
    for tracklist in sets:
        yield lead + dumps(tracklist)
        lead = b",\n"
    yield b"[]\n" if lead == b"[\n" else b"\n]\n"
