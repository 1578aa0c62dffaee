"""Streams of a command: UTF-8 in any locale, plain text on a terminal, a clean end when the reader has gone.

Data goes to stdout. When its reader has gone (``| head``) the command ends quietly; when it cannot be written the command ends
with one line. Messages go to stderr; if that fails, the command goes on.
"""

from __future__ import annotations

import atexit
import codecs
import errno
import io
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO, cast

from tlray.core.model.printable import plain
from tlray.errors import CannotFinish


class ReaderGone(Exception):  # noqa: N818 - nothing is wrong
    """Nobody reads our data any more. It is no `OSError`, which the library of the command line would end with 1."""


class PlainText:
    """A text stream through which no character comes that drives a terminal; data also as bytes."""

    def __init__(self, raw: TextIO, *, is_data: bool) -> None:
        self._raw = raw
        self._is_data = is_data
        self._failure: Exception | None = None
        """Why data cannot be written: raised each time, for a library may try and say nothing."""
        self._text = codecs.getincrementaldecoder("utf-8")("replace")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._raw, name)

    @property
    def buffer(self) -> PlainBytes:
        """The stream of bytes below."""
        return PlainBytes(self)

    def write(self, text: str) -> int:
        """Write a text."""
        with self._errors_reported():
            self._raw.write(plain(text))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write texts."""
        for line in lines:
            self.write(line)

    def write_bytes(self, content: bytes) -> int:
        """Write a file's bytes as they are; to a terminal as text."""
        if self.isatty():
            self.write(self._text.decode(content))
        else:
            with self._errors_reported():
                self._raw.flush()
                self._raw.buffer.write(content)
        return len(content)

    def flush(self) -> None:
        """Hand on what was written."""
        with self._errors_reported():
            self._raw.flush()

    @contextmanager
    def _errors_reported(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self.give_up()
            if self._is_data:
                why = f"stdout cannot be written: {error.strerror or error}"
                self._failure = ReaderGone() if error.errno == errno.EPIPE else CannotFinish(why)
        if self._failure is not None:
            raise self._failure

    def give_up(self) -> None:
        """Write nowhere from now on, or Python would complain at its exit of what is left."""
        with suppress(OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._raw.fileno())
            os.close(nowhere)


class PlainBytes:
    """The bytes of a `PlainText`."""

    def __init__(self, text: PlainText) -> None:
        self._text = text

    def __getattr__(self, name: str) -> Any:
        return getattr(self._text, name)

    def write(self, content: bytes) -> int:
        """Write bytes."""
        return self._text.write_bytes(bytes(content))

    def writelines(self, pieces: Iterable[bytes]) -> None:
        """Write bytes, piece by piece."""
        for piece in pieces:
            self.write(piece)


@contextmanager
def plain_streams() -> Iterator[None]:
    """Put stdout and stderr behind `PlainText` while a command runs. It flushes its data itself: that may fail."""
    before = sys.stdout, sys.stderr
    for stream in before:
        if isinstance(stream, io.TextIOWrapper):
            with suppress(OSError):
                stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    out = PlainText(before[0] or _nowhere(1), is_data=True)
    talk = PlainText(before[1] or _nowhere(2), is_data=False)
    sys.stdout, sys.stderr = cast(TextIO, out), cast(TextIO, talk)
    try:
        yield
    finally:
        with suppress(ReaderGone, CannotFinish):  # the command has failed already
            out.flush()
        talk.flush()
        sys.stdout, sys.stderr = before
        _leave_colours_alone()


def _leave_colours_alone() -> None:
    """Write no escape sequence at the exit: Ray has colorama write one to the streams of its import, whatever they are."""
    if (colorama := sys.modules.get("colorama.initialise")) is not None:
        atexit.unregister(colorama.reset_all)


def terminal() -> TextIO:
    """Return stderr as it is, for what may drive it: our own bar."""
    stream = sys.stderr
    return stream._raw if isinstance(stream, PlainText) else stream


def keep_plain() -> None:
    """Put stderr behind `PlainText` again, where a bar has put itself before it."""
    sys.stderr = cast(TextIO, PlainText(sys.stderr, is_data=False))


def _nowhere(number: int) -> TextIO:
    """Open what was closed when we began, or a file of ours would get its number, and what others print."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    if nowhere != number:
        os.dup2(nowhere, number)
        os.close(nowhere)
    return os.fdopen(number, "w", encoding="utf-8", closefd=False)
