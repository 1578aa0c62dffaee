"""Lines of a list in, canonical entries and refused lines out.

A list is text, one URL a line (`tlray.io.intake.list_text`); empty lines and lines that begin with ``#`` are not counted. A
file may be gzipped. A line that is no good URL is refused with its number and a reason, and the rest goes on.
"""

from __future__ import annotations

import contextlib
import gzip
import sys
import zlib
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from itertools import chain, islice
from pathlib import Path
from typing import cast

from tlray.core.model.printable import plain
from tlray.core.model.urls import BadUrl, CanonicalUrl, canonicalise
from tlray.core.politeness.site_profile import politeness_key
from tlray.core.submission.lines import MAX_TEXT_KEPT, Chunk, Entry, RefusedLine
from tlray.core.submission.rules import ListRules, require_good_line
from tlray.errors import UsageError
from tlray.io.intake.list_text import BOM, Readable, is_text, text_lines
from tlray.sites.registry import failure, for_url

CHUNK_LINES = 5_000
URL_MARK = "url:"
"""The beginning of a fingerprint that is no id of a known site."""


def read_chunks(lines: Iterable[str], *, first_line: int = 1) -> Iterator[Chunk]:
    """Read a list chunk by chunk; never more than one chunk is in memory."""
    numbered = numbered_texts(lines, first_line=first_line)
    while batch := list(islice(numbered, CHUNK_LINES)):
        yield Chunk.of(read_line(number, text) for number, text in batch)


def numbered_texts(lines: Iterable[str], *, first_line: int = 1) -> Iterator[tuple[int, str]]:
    """Yield the lines of a list that are neither empty nor comments, stripped, with their numbers."""
    for number, line in enumerate(lines, first_line):
        if (text := stripped(line)) and not text.startswith("#"):
            yield number, text


def stripped(line: str) -> str:
    """Return a line without white space around it, and without a byte order mark, which ``cat`` may leave between two lists."""
    return line.strip().lstrip(BOM).strip()


def read_line(number: int, text: str) -> Entry | RefusedLine:
    """Read one line of a list."""
    found = canonicalise(text)
    if isinstance(found, BadUrl):
        return refused_line(number, text, found.reason)
    parser = for_url(found.url)
    if parser is None:
        return Entry(number, found.url, politeness_key(found.domain), fingerprint(found))
    own = found
    try:
        if (url := parser.canonical_url(found.url)) != found.url and not isinstance(
            there := canonicalise(url), BadUrl
        ):
            own = there
        source_id = parser.source_id(own.url)
    except Exception as error:  # noqa: BLE001 - a guest's parser must not take a whole list down with it
        return refused_line(number, found.url, failure(parser, error))
    key = f"{parser.name}:{source_id}" if source_id else fingerprint(own)
    return Entry(number, own.url, politeness_key(own.domain), key)


def refused_line(number: int, text: str, reason: str) -> RefusedLine:
    """Return a refused line as the journal can store it: cut short, and as text whatever its bytes were."""
    kept, words = (said.encode("utf-8", "replace").decode() for said in (text[:MAX_TEXT_KEPT], reason))
    return RefusedLine(number, kept, plain(words))


def fingerprint(url: CanonicalUrl) -> str:
    """Return the identity of a URL of no known site: a hash of the URL without its scheme."""
    return URL_MARK + blake2b(url.url.partition("://")[2].encode(), digest_size=12).hexdigest()


def check_beginning(lines: Iterable[str], *, contact: str | None) -> Iterator[str]:
    """Return the same lines, once their beginning is seen to be worth starting Ray for; UsageError where it is not."""
    lines = iter(lines)
    head = list(islice(lines, CHUNK_LINES))
    chunk = Chunk.of(read_line(number, text) for number, text in numbered_texts(head))
    is_list = all(map(is_text, head))
    checked = ListRules(contact).apply(chunk)
    if len(head) < CHUNK_LINES or not is_list:
        require_good_line(checked, "" if is_list else "; give a list with one URL a line")
    return chain(head, lines)


def open_arguments(arguments: Iterable[str]) -> Iterator[str]:
    """Yield the lines of all arguments: URLs stand for themselves, ``-`` is stdin, anything else is a
    file."""
    for argument in arguments:
        if "://" in argument:
            yield argument
        elif argument == "-":
            yield from text_lines(cast(Readable, sys.stdin.buffer))
        else:
            yield from read_file(Path(argument))


def read_file(path: Path) -> Iterator[str]:
    """Yield the lines of a list; UsageError if it cannot be read."""
    with _reading(path) as file:
        yield from text_lines(file)


def require_list_file(path: Path) -> None:
    """Raise the UsageError that `read_file` would begin with; a pipe is not read, because that would consume it."""
    if path.is_file() or not path.exists() or path.is_dir():
        with _reading(path) as file:
            file.read1(1)


@contextlib.contextmanager
def _reading(path: Path) -> Iterator[Readable]:
    """Open a list; UsageError says why it cannot be read."""
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file:
            yield file
    except FileNotFoundError:
        hint = (
            "a URL needs its scheme, https://…"
            if "." in path.name and "/" in str(path)
            else "give a file, a URL or -"
        )
        raise UsageError(f"no file {str(path)!r} here ({hint})") from None
    except IsADirectoryError:
        raise UsageError(f"{path} is a folder; give a list with one URL a line") from None
    except (OSError, EOFError, zlib.error) as error:
        raise UsageError(f"{path} cannot be read: {error}") from None
