"""How do sets become one JSON document? One set is an object, several are an array, none is ``[]``."""

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
    """One document: the object of a lone set, else an array with a set on each line."""
    del options
    rest = iter(sets)
    first, second = next(rest, None), next(rest, None)
    if first is None:
        yield b"[]\n"
    elif second is None:
        yield dumps(first, indent=2) + b"\n"
    else:
        yield b"[\n" + dumps(first)
        yield b",\n" + dumps(second)
        for tracklist in rest:
            yield b",\n" + dumps(tracklist)
        yield b"\n]\n"
