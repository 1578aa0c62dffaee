"""Sets as one JSON document: a batch is an array, also of one set or none; in a file of its own a set is an object."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tlray.export.interface import Format, NoOptions, SetFile
from tlray.export.json_shape import dumps, dumps_by_row
from tlray.model import Tracklist


def per_set(tracklist: Tracklist, _options: NoOptions) -> Iterator[SetFile]:
    """Yield one file, in lines for people."""
    yield SetFile((dumps_by_row(tracklist), b"\n"))


def together(sets: Iterable[Tracklist], _options: NoOptions) -> Iterator[bytes]:
    """Yield one document: an array with a set on each line, whatever their number."""
    lead = b"[\n"
    for tracklist in sets:
        yield lead + dumps(tracklist)
        lead = b",\n"
    yield b"[]\n" if lead == b"[\n" else b"\n]\n"


FORMAT = Format(
    name="json",
    suffix=".json",
    media_type="application/json",
    about="JSON: a file is an array of sets; in a folder, an object a set",
    per_set=per_set,
    together=together,
)
