"""Which files does an export of many sets hold? Lazily, one after the other, each with its name.

A format that says its files set by set gives one or more a set, named by `filenames.py`; one that only
knows how to write all sets together gives a single ``tracklists`` file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tlray.export.filenames import Names
from tlray.export.interface import ExportFile, Format, LeftOut
from tlray.export.options import DEFAULTS, Options
from tlray.model import Tracklist


def folder(
    format_: Format, sets: Iterable[Tracklist], options: Options = DEFAULTS
) -> Iterator[ExportFile | LeftOut]:
    """The files of a folder that holds ``sets``, and what had to be left out.

    A file's chunks are to be read before the next file is asked for.
    """
    if format_.per_set is None:
        if format_.together is not None:
            yield ExportFile("tracklists" + format_.suffix, format_.together(sets, options))
        return
    names = Names()
    for tracklist in sets:
        for piece in format_.per_set(tracklist, options):
            if isinstance(piece, LeftOut):
                yield piece
                continue
            marks = [
                f"[{tracklist.source_id}]" if tracklist.source_id else "",
                f"({piece.label})" if piece.label else "",
            ]
            name = names.take(tracklist.title, tag=" ".join(filter(None, marks)), suffix=format_.suffix)
            yield ExportFile(name, piece.chunks)
