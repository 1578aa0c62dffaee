"""``tlray parse``: read files that hold tracklists, without Ray and without the network."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from tlray.core.model.printable import in_json, one_line
from tlray.core.model.quality import assess
from tlray.core.model.urls import BadUrl, canonicalise
from tlray.errors import UsageError
from tlray.export.json_shape import plain
from tlray.io.intake.members import Given, Member, Refusal, base_name
from tlray.io.intake.open_file import open_file
from tlray.io.intake.walk import walk
from tlray.io.process.malloc import keep_freed_memory
from tlray.model import FoundSet, PageKind, ParsedPage
from tlray.readers.decoding import is_encoding
from tlray.readers.registry import CONTAINERS, KINDS, read_file

NOT_A_TRACKLIST = 3
IN_MEMORY_BYTES = 16 * 2**20
"""The sets of a file beyond that wait on disk: a web archive may hold a hundred thousand."""


def parse(
    files: Annotated[
        list[Path],
        typer.Argument(help="Files, or folders of files, that hold tracklists.", show_default=False),
    ],
    url: Annotated[str, typer.Option(help="The URL that the page was saved from.", metavar="URL")] = "",
    kind: Annotated[
        str, typer.Option("--as", help="Read them as this kind, whatever they look like.", metavar="KIND")
    ] = "",
    encoding: Annotated[
        str, typer.Option(help="The encoding of text in them, where they do not say.", metavar="ENCODING")
    ] = "",
) -> None:
    """Read files that hold tracklists: one JSON line a file, {"file", "kind", "reason", "tracklists"}.

    Saved pages, web archives, CUE sheets, histories of DJ software, podcast feeds, chapters, descriptions, text, exports.
    Exit code 3 where a file is no tracklist.

    Example: tlray parse saved/*.html.gz set.cue | jq '.tracklists[].title'
    """
    url = _checked_url(url)
    require_kind(kind, encoding)
    require_readable_paths(files)
    keep_freed_memory()
    all_good = True
    for path in files:
        for found in walk(path):
            if isinstance(found, Refusal):
                name = str(path / found.where) if found.where else str(path)
                all_good &= _write_line(name, iter([Refusal("", found.reason)]), kind)
            else:
                given = Given(base_name(found.path.name), url, encoding or None)
                all_good &= _write_line(str(found.path), open_file(found.path, given), kind)
    if not all_good:
        raise typer.Exit(NOT_A_TRACKLIST)


def require_kind(kind: str, encoding: str) -> None:
    """Raise UsageError for an unknown ``--as`` or ``--encoding``; "" is none."""
    if kind and kind not in KINDS:
        raise UsageError(f"--as {kind[:40]!r}: no such kind; choose one of {' '.join(sorted(KINDS))}")
    if encoding and not is_encoding(encoding):
        raise UsageError(
            f"--encoding {encoding[:40]!r}: no such encoding; give one like cp1251, gb18030, shift_jis"
        )


def require_readable_paths(files: Sequence[Path]) -> None:
    """Raise UsageError where a file or folder is not there, or cannot be read."""
    for path in files:
        if not path.is_file() and not path.is_dir():
            raise UsageError(
                f"no file {str(path)!r} here; give files that hold tracklists, like set.cue or page.html"
            )
        if not os.access(path, os.R_OK):
            raise UsageError(f"{path} cannot be read: Permission denied")


def _checked_url(url: str) -> str:
    if not url:
        return ""
    found = canonicalise(url)
    if isinstance(found, BadUrl):
        raise UsageError(f"--url {url[:80]!r}: {found.reason}")
    return found.url


def _write_line(name: str, members: Iterator[Member | Refusal], kind: str) -> bool:
    """Write what is in a file on one line; return whether it holds a set."""
    answer = PageKind.UNKNOWN
    reason: str | None = None
    n_members = n_bad = n_sets = 0
    listed: list[FoundSet] = []
    next_url: str | None = None
    with tempfile.SpooledTemporaryFile(IN_MEMORY_BYTES, "w+", encoding="utf-8", newline="") as sets:
        for member in members:
            page = _read(member, kind)
            n_members += 1
            if page.kind is PageKind.TRACKLIST or n_members == 1:
                answer = page.kind
            n_bad += page.kind is not PageKind.TRACKLIST
            reason = reason or page.reason
            listed += page.found
            next_url = next_url or page.next_url
            for tracklist in page.tracklists:
                tracklist.quality, tracklist.quality_issues = assess(tracklist)
                sets.write((", " if n_sets else "") + _json(plain(tracklist)))
                n_sets += 1
        if n_members > 1 and n_bad:
            reason = f"{n_bad} of {n_members} members hold no tracklist: {reason}"
        elif not n_members:
            reason = "empty"
        head: dict[str, Any] = {"file": name, "kind": answer.value, "reason": reason}
        if listed:
            head |= {"found": [asdict(one) for one in listed], "next_url": next_url}
        sys.stdout.write(_json(head).removesuffix("}") + ', "tracklists": [')
        sets.seek(0)
        shutil.copyfileobj(sets, sys.stdout)
        sys.stdout.write("]}\n")
    return answer is PageKind.TRACKLIST


def _read(member: Member | Refusal, kind: str) -> ParsedPage:
    if isinstance(member, Refusal):
        where = one_line(member.where.encode("utf-8", "replace").decode())[:200]
        return ParsedPage(PageKind.UNKNOWN, f"{where}: {member.reason}" if where else member.reason)
    if kind in CONTAINERS and not member.locator:
        return ParsedPage(PageKind.UNKNOWN, "not a WARC file")
    return read_file(member.file, kind or None)


def _json(value: object) -> str:
    """Return JSON on one line, without what drives a terminal, and as UTF-8 can hold it."""
    return in_json(json.dumps(value, ensure_ascii=False, allow_nan=False)).encode("utf-8", "replace").decode()
