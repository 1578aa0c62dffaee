"""How do sets become JSON lines? An object a line, each ended by ``\\n``; no line holds a raw line break."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tlray.export.json_shape import dumps
from tlray.export.options import Options
from tlray.model import Tracklist


def together(sets: Iterable[Tracklist], options: Options) -> Iterator[bytes]:
    """One line a set."""
    del options
    for tracklist in sets:
        yield dumps(tracklist) + b"\n"
