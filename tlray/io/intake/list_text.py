"""The text of a list: bytes in, lines out, in the encodings and line ends of all editors and shells.

UTF-8, or UTF-16 and UTF-32 by their byte order mark (UTF-16 also by the zeros of its first two characters, as RFC 4627 has it).
A line ends with LF, CR or CRLF. A byte that is no text becomes `NO_TEXT`, so that its line is refused, and no other one.
"""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterator
from typing import Final, Protocol

MAX_LINE_KEPT: Final = 10_000
"""Characters of a line; a longer one is cut, and is still too long for a URL."""
READ_BYTES: Final = 1 << 16
BOM: Final = "\ufeff"
NO_TEXT: Final = "\udcff"
"""Half a surrogate pair, which no text holds; `tlray.core.model.urls` refuses a URL with one."""
_NO_TEXT: Final = re.compile(r"[\0\ud800-\udfff]")
_BY_MARK: Final = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (codecs.BOM_UTF8, "utf-8-sig"),
)
_BY_ZEROS: Final = {(False, True, False, True): "utf-16-le", (True, False, True, False): "utf-16-be"}
_ERRORS: Final = "tlray.no_text"


class Readable(Protocol):
    """A file of bytes."""

    def read1(self, size: int = -1, /) -> bytes:
        """Return some bytes as soon as there are any; none at the end."""
        ...


def encoding_of(head: bytes) -> str:
    """Return the encoding of a text, by its first four bytes."""
    marked = next((name for mark, name in _BY_MARK if head.startswith(mark)), None)
    return marked or _BY_ZEROS.get(tuple(byte == 0 for byte in head[:4])) or "utf-8"  # type: ignore[arg-type]


def text_lines(file: Readable) -> Iterator[str]:
    """Yield the lines of a text, without their ends; at most one block and one line are in memory."""
    block = b""
    while len(block) < 4 and (more := file.read1(READ_BYTES)):
        block += more
    text = codecs.getincrementaldecoder(encoding_of(block))(_ERRORS)
    lines_end = io.IncrementalNewlineDecoder(text, translate=True)
    line = ""
    while block:
        *lines, line = (line + lines_end.decode(block)).split("\n")
        yield from lines
        if len(line) > MAX_LINE_KEPT:
            line = line.lstrip()[:MAX_LINE_KEPT]
        block = file.read1(READ_BYTES)
    *lines, line = (line + lines_end.decode(b"", final=True)).split("\n")
    yield from lines
    if line:
        yield line


def as_utf8(text: bytes) -> bytes:
    """Return a text in UTF-8 without a byte order mark; UnicodeError if it does not fit its own encoding."""
    encoding = encoding_of(text[:4])
    return text if encoding == "utf-8" else text.decode(encoding).encode()


def is_text(line: str) -> bool:
    """Return True if a line was text, and not bytes of something else."""
    return not _NO_TEXT.search(line)


def as_sent(lines: list[str]) -> bytes:
    """Return lines as bytes from which `text_lines` makes the same lines, those that are no text included."""
    return (_NO_TEXT.sub(NO_TEXT, "\n".join(lines)) + "\n").encode("utf-8", "surrogateescape")


def _no_text(error: UnicodeError) -> tuple[str, int]:
    if isinstance(error, UnicodeDecodeError):
        return NO_TEXT, error.end
    raise error


codecs.register_error(_ERRORS, _no_text)
