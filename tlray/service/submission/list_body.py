"""A list in the body of a request: its lines, read and checked as one chunk."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Final

from fastapi import Request

from tlray.core.model.urls import BadUrl
from tlray.core.submission.lines import Chunk, Entry, RefusedLine
from tlray.io.intake.list_text import text_lines
from tlray.io.intake.url_list import read_line, refused_line, stripped
from tlray.service.http.bodies import JSON, LINES, NDJSON, content_type, read_body, read_json
from tlray.service.http.ndjson import url_of
from tlray.service.http.problems import ProblemError
from tlray.service.schemas.batches import BatchRequest, PieceRequest
from tlray.service.submission.url_errors import OF_LINES, OF_URLS, checked_list
from tlray.settings import Settings

IN_PIECES: Final = (
    "send a longer list in pieces: POST /api/v1/batch?state=receiving, then /append, then /commit"
)
FEW: Final = 100
"""So many lines are read in a shorter time than it takes to hand them to a thread and back."""
LINES_EXAMPLE: Final = "https://www.1001tracklists.com/tracklist/1pn8l919/a-set.html\n"


def list_body(model: str) -> dict[str, Any]:
    """Return the OpenAPI description of a list: JSON of this model, or lines."""
    of_lines = {kind: {"schema": {"type": "string"}, "example": LINES_EXAMPLE} for kind in LINES}
    of_json = {JSON: {"schema": {"$ref": f"#/components/schemas/{model}"}}}
    return {"requestBody": {"required": True, "content": of_json | of_lines}}


@dataclass(frozen=True, slots=True)
class SentList:
    """The list of a request."""

    texts: Sequence[str]
    kind: str
    """The content type. In JSON every text is a URL, an empty one too; in other types empty lines and comments are skipped."""
    fields: BatchRequest
    """The other fields of a JSON body."""
    digest: str
    """The digest of the body."""

    @property
    def are_urls(self) -> bool:
        """True if the list is JSON."""
        return self.kind == JSON

    @property
    def place(self) -> str:
        """The place of the list in the request, for faults."""
        return OF_URLS if self.are_urls else OF_LINES

    async def chunk(self, settings: Settings, *, first_line: int = 1) -> Chunk:
        """Read the lines and reject those with refused hosts; 422 for a public host if the service has no contact."""
        if len(self.texts) <= FEW:
            chunk = Chunk.of(self._lines(first_line))
        else:
            chunk = await asyncio.to_thread(lambda: Chunk.of(self._lines(first_line)))
        return checked_list(chunk, settings, self.place, first_line=first_line)

    def _lines(self, first_line: int) -> Iterator[Entry | RefusedLine]:
        for number, line in enumerate(self.texts, first_line):
            text = stripped(line)
            if self.are_urls or (text and not text.startswith("#")):
                yield self._read(number, text)

    def _read(self, number: int, text: str) -> Entry | RefusedLine:
        url = url_of(text) if self.kind == NDJSON else text
        if isinstance(url, BadUrl):
            return refused_line(number, text, url.reason)
        return read_line(number, stripped(url))


async def read_list(
    request: Request,
    *,
    max_lines: int,
    hint: str,
    model: type[BatchRequest] | type[PieceRequest] = BatchRequest,
) -> SentList:
    """Read a list as lines or JSON of this model; 413 if it is too long, with a hint."""
    kind = content_type(request, (JSON, *LINES))
    body = await read_body(request)
    digest = hashlib.sha256(body).hexdigest()
    fields = BatchRequest()
    if kind == JSON:
        sent: BatchRequest | PieceRequest = read_json(body, model)
        fields = sent if isinstance(sent, BatchRequest) else fields
        texts = sent.urls
    else:
        texts = list(text_lines(BytesIO(body)))
    if len(texts) > max_lines:
        raise ProblemError(413, f"{len(texts):,} lines; at most {max_lines:,} in one call: {hint}")
    return SentList(texts, kind, fields, digest)
