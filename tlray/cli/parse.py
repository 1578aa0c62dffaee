"""``tlray parse``: read saved pages, without Ray and without the network."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from tlray.core.model.printable import in_json
from tlray.core.model.quality import assess
from tlray.core.model.urls import BadUrl, canonicalise
from tlray.errors import UsageError
from tlray.export.json_shape import plain
from tlray.io.http.decompress import DecompressError, decompress
from tlray.io.process.malloc import keep_freed_memory
from tlray.model import PageKind, ParsedPage
from tlray.sites.registry import parse_page

MAX_BODY_BYTES = 64 * 1024 * 1024
NOT_A_TRACKLIST = 3


def parse(
    files: Annotated[list[Path], typer.Argument(help="Saved pages, .html or .html.gz.", show_default=False)],
    url: Annotated[str, typer.Option(help="The URL that the page was saved from.", metavar="URL")] = "",
) -> None:
    """Read saved tracklist pages: one JSON line a file, {"file", "kind", "reason", "tracklists"}.

    Exit code 3 where a file is no tracklist.

    Example: tlray parse saved/*.html.gz | jq '.tracklists[].title'
    """
    if url:
        found = canonicalise(url)
        if isinstance(found, BadUrl):
            raise UsageError(f"--url {url[:80]!r}: {found.reason}")
        url = found.url
    for path in files:
        if not path.is_file():
            raise UsageError(f"no file {str(path)!r} here; give saved pages, .html or .html.gz")
    keep_freed_memory()
    all_good = True
    for path in files:
        page = _read(path, url)
        all_good &= page.kind is PageKind.TRACKLIST
        for tracklist in page.tracklists:
            tracklist.url = tracklist.url or tracklist.page_url or ""
            tracklist.quality, tracklist.quality_issues = assess(tracklist)
        line = {
            "file": str(path),
            "kind": page.kind.value,
            "reason": page.reason,
            "tracklists": [plain(tracklist) for tracklist in page.tracklists],
        }
        sys.stdout.write(in_json(json.dumps(line, ensure_ascii=False, allow_nan=False)) + "\n")
    if not all_good:
        raise typer.Exit(NOT_A_TRACKLIST)


def _read(path: Path, url: str) -> ParsedPage:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None
    if raw[:2] == b"\x1f\x8b":
        try:
            raw = decompress(raw, "gzip", max_bytes=MAX_BODY_BYTES)
        except DecompressError as error:
            return ParsedPage(PageKind.UNKNOWN, f"not a whole gzip file: {error}")
    return parse_page(raw, url=url)
