"""Sets as JSON lines: an object a line, each ended by ``\\n``; no line holds a raw line break."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tlray.export.interface import Format, NoOptions
from tlray.export.json_shape import dumps
from tlray.model import Tracklist


def together(sets: Iterable[Tracklist], _options: NoOptions) -> Iterator[bytes]:
    """Yield one line a set."""
    for tracklist in sets:
        yield dumps(tracklist) + b"\n"


FORMAT = Format(
    name="jsonl",
    suffix=".jsonl",
    media_type="application/x-ndjson",
    about="JSON lines: one set a line, to be streamed",
    together=together,
)
