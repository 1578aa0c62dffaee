"""The files of an export, one after the other, each with its name.

A format with ``per_set`` gives one or more files a set, named by `filenames.py`; one without gives a single file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from tlray.export.filenames import Names
from tlray.export.interface import ExportFile, Format, LeftOut
from tlray.model import Tracklist


def files_of(
    format_: Format, sets: Iterable[Tracklist], options: Any = None
) -> Iterator[ExportFile | LeftOut]:
    """Yield the files of a folder that holds ``sets``, and what is left out; ``options`` are the format's own.

    Read a file's chunks before the next file.
    """
    options = format_.options if options is None else options
    if format_.per_set is None:
        if format_.together is not None:
            yield ExportFile(format_.stem + format_.suffix, format_.together(sets, options))
        return
    names = Names()
    for tracklist in sets:
        for file in format_.per_set(tracklist, options):
            if isinstance(file, LeftOut):
                yield file
                continue
            marks = [
                f"[{tracklist.source_id}]" if tracklist.source_id else "",
                f"({file.label})" if file.label else "",
            ]
            name = names.take(tracklist.title, tag=" ".join(filter(None, marks)), suffix=format_.suffix)
            yield ExportFile(name, file.chunks)


def written(chunks: Iterable[bytes | LeftOut], report: Callable[[LeftOut], None]) -> Iterator[bytes]:
    """Yield the bytes of a file, and report what is left out of it."""
    for chunk in chunks:
        if isinstance(chunk, LeftOut):
            report(chunk)
        else:
            yield chunk
