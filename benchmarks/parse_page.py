"""What does `tlray parse` spend on a real page, all fields, next to lexbor's bare parse of the same bytes?

In one process, page by page in turn: the bytes of a page to its set (`parse_page`), and the same with
decompression before and JSON after, which is what the command does for a ``.html.gz``.
"""

from __future__ import annotations

import gzip
import time
from collections.abc import Callable
from pathlib import Path

from selectolax.lexbor import LexborHTMLParser

from benchmarks import pages
from benchmarks.figures import Answer, Figure
from benchmarks.peers.bare_fields import extract
from tlray.export.json_shape import dumps
from tlray.io.process.malloc import keep_freed_memory
from tlray.sites.registry import parse_page

QUESTION = "Parsing a page, all fields"
URL = "https://www.1001tracklists.com/tracklist/1abc2345/a-set-2026-01-01.html"


def answer(folder: Path, *, quick: bool = False) -> Answer:
    """Measure."""
    keep_freed_memory()  # as `tlray parse` does; the bare parse beside it gains by it too
    told = Answer(QUESTION, [])
    real = pages.real_pages()
    if not real:
        told.notes.append("The real pages are not here (`../shared/pages`): demo pages only.")
    for kind, packed in (("real", real), ("demo", pages.demo_pages(20))):
        if packed:
            told.figures += _figures(kind, packed, rounds=3 if quick else 15)
    return told


def _figures(kind: str, packed: list[bytes], *, rounds: int) -> list[Figure]:
    plain = [gzip.decompress(page) for page in packed]
    ways: dict[str, tuple[Callable[[bytes], object], list[bytes]]] = {
        "lexbor's bare parse": (LexborHTMLParser, plain),
        "tlray, page to set": (lambda page: parse_page(page, url=URL, charset="utf-8"), plain),
        "bare loop's fields": (lambda page: extract(page, URL), plain),
        "tlray, .html.gz to JSON": (_command, packed),
    }
    times: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(rounds + 1):
        for name, (way, inputs) in ways.items():
            begun = time.process_time()
            for page in inputs:
                way(page)
            if number:  # the first round warms up
                times[name].append((time.process_time() - begun) / len(inputs) * 1e3)
    whole, parse = times["tlray, page to set"], times["lexbor's bare parse"]
    return [
        Figure(
            f"{kind} pages: {name}",
            values,
            " ms",
            most=4.0 if name.startswith("tlray") and kind == "real" else None,
        )
        for name, values in times.items()
    ] + [
        Figure(
            f"{kind} pages: tlray, page to set ÷ bare parse",
            [a / b for a, b in zip(whole, parse, strict=True)],
            " ×",
        )
    ]


def _command(page: bytes) -> list[bytes]:
    return [dumps(one) for one in parse_page(gzip.decompress(page), url=URL, charset="utf-8").tracklists]
