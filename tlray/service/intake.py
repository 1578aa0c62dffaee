"""What did a request send as its list? The lines of a body, read and checked, as one chunk."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from fastapi import Request

from tlray.io.intake import Chunk, check_contact, read_chunks, read_line
from tlray.io.journal_rows import Entry
from tlray.service.allowed import without_private
from tlray.service.bodies import JSON, LINES, content_type, read_body, read_json, read_lines
from tlray.service.problems import Refused
from tlray.service.schemas import BatchAsked, PieceAsked
from tlray.settings import Settings

IN_PIECES: Final = (
    "send a longer list in pieces: POST /api/v1/batch?state=receiving, then /append, then /commit"
)
LINES_EXAMPLE: Final = "https://www.1001tracklists.com/tracklist/1pn8l919/a-set.html\n"


def list_body(model: str) -> dict[str, Any]:
    """Return what the OpenAPI document says of a body that is a list: JSON of this model, or lines."""
    of_lines = {kind: {"schema": {"type": "string"}, "example": LINES_EXAMPLE} for kind in LINES}
    of_json = {JSON: {"schema": {"$ref": f"#/components/schemas/{model}"}}}
    return {"requestBody": {"required": True, "content": of_json | of_lines}}


@dataclass(frozen=True, slots=True)
class SentLines:
    """The lines that a request sent."""

    texts: Sequence[str]
    are_urls: bool
    """Whether each of them is one, also an empty one, as in JSON; else empty lines and comments are passed over."""
    asked: BatchAsked
    """What a body of JSON says besides."""
    digest: str
    """Of the whole body."""

    async def chunk(self, settings: Settings, *, first_line: int = 1) -> Chunk:
        """Read the lines; those of hosts that the service does not fetch from are refused. UsageError where nobody says who
        fetches from a public host."""
        chunk = without_private(await asyncio.to_thread(self._chunk, first_line), settings)
        check_contact(chunk.entries, settings.contact)
        return chunk

    def _chunk(self, first_line: int) -> Chunk:
        whole = Chunk([], [])
        if not self.are_urls:
            for chunk in read_chunks(self.texts, first_line=first_line):
                whole.entries.extend(chunk.entries)
                whole.refused.extend(chunk.refused)
            return whole
        for number, text in enumerate(self.texts, first_line):
            found = read_line(number, text.strip())
            if isinstance(found, Entry):
                whole.entries.append(found)
            else:
                whole.refused.append(found)
        return whole


async def read_list(
    request: Request,
    *,
    max_lines: int,
    mend: str,
    model: type[BatchAsked] | type[PieceAsked] = BatchAsked,
) -> SentLines:
    """Read a request's list, which is lines or JSON of this model; 413 says that it is too long, and how to mend that."""
    kind = content_type(request, (JSON, *LINES))
    body = await read_body(request, mend=mend)
    digest = hashlib.sha256(body).hexdigest()
    asked = BatchAsked()
    if kind == JSON:
        said: BatchAsked | PieceAsked = read_json(body, model)
        asked = said if isinstance(said, BatchAsked) else asked
        texts = said.urls
    else:
        texts = list(read_lines(body, kind))
    if len(texts) > max_lines:
        raise Refused(
            413, "list-too-long", f"{len(texts):,} lines; at most {max_lines:,} in one call: {mend}"
        )
    return SentLines(texts, kind == JSON, asked, digest)
