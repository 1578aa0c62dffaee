"""The kinds of files and their readers. A kind is told by content first, by name second; ``--as`` overrides.

A reader is loaded when a file may be of its kind, so that reading one kind does not pay for the others.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module

from tlray.core.model.printable import one_line
from tlray.model import PageKind, ParsedPage
from tlray.readers.interface import FileReader, SourceFile
from tlray.readers.page import is_of_a_site
from tlray.readers.sniff import Shape, shape_of

MAX_ERROR_CHARS = 160
_BLANK = b"\0 \t\r\n"

_READERS: dict[str, tuple[str, tuple[Shape, ...]]] = {
    # in the order in which they are asked: what shows itself surely comes first
    "tlray": ("own_export:OwnExportReader", (Shape.JSON,)),
    "info-json": ("info_json:InfoJsonReader", (Shape.JSON,)),
    "cue": ("cue:CueReader", (Shape.TEXT, Shape.BINARY)),
    "serato": ("serato:SeratoReader", (Shape.BINARY, Shape.TEXT, Shape.HTML)),
    "traktor": ("traktor:TraktorReader", (Shape.XML, Shape.TEXT, Shape.HTML)),
    "rekordbox": ("rekordbox:RekordboxReader", (Shape.XML, Shape.TEXT)),
    "virtualdj": ("virtualdj:VirtualDJReader", (Shape.TEXT,)),
    "chapters": ("chapters:ChaptersReader", (Shape.JSON, Shape.XML, Shape.TEXT)),
    "feed": ("feed:FeedReader", (Shape.XML,)),
    "page": ("page:PageReader", (Shape.HTML, Shape.JSON, Shape.TEXT)),
    "text": ("text:TextReader", (Shape.TEXT, Shape.HTML, Shape.XML)),
}
"""Kind → where its reader is, and the shapes of files that may be of it."""
CONTAINERS = frozenset({"warc"})
"""Kinds that hold files of other kinds; `tlray.io.intake` opens them."""
KINDS = frozenset({*_READERS, *CONTAINERS})
"""The words of ``--as``."""


@cache
def reader_of(kind: str) -> FileReader:
    """Return the reader of a kind; what is in a WARC is read as pages."""
    module, _, name = _READERS["page" if kind in CONTAINERS else kind][0].partition(":")
    reader: FileReader = getattr(import_module(f"tlray.readers.{module}"), name)()
    return reader


def kind_of(file: SourceFile) -> str | None:
    """Return the kind of a file; None for one that no reader knows."""
    shape = shape_of(file.head)
    if shape is Shape.HTML and is_of_a_site(file):
        return "page"
    may_be = (kind for kind, (_, shapes) in _READERS.items() if shape in shapes)
    return next((kind for kind in may_be if reader_of(kind).recognises(file.head, file.name)), None)


def read_file(file: SourceFile, kind: str | None = None) -> ParsedPage:
    """Read the sets in a file, as the kind that the user says or that it shows. Never raises."""
    if not file.head.strip(_BLANK) and not file.body.strip(_BLANK):
        return ParsedPage(PageKind.UNKNOWN, "empty")
    kind = kind or kind_of(file)
    if kind is None:
        return ParsedPage(PageKind.UNKNOWN, f"{shape_of(file.head).value} of no kind that is read")
    try:
        page = reader_of(kind).read(file)
    except Exception as error:  # noqa: BLE001 - one file must not take the others down with it
        words = one_line(str(error).encode("utf-8", "replace").decode())[:MAX_ERROR_CHARS]
        return ParsedPage(PageKind.UNKNOWN, f"reader {kind} failed: {type(error).__name__}: {words}")
    return page
