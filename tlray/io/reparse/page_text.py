"""An archived page as text, for people who look at it; bounded in what is read, unpacked and returned."""

from __future__ import annotations

from typing import Final

from tlray.io.http.decompress import DecompressError, decompress
from tlray.io.results.store import PartFile, ResultStore
from tlray.io.results.warc import read_record
from tlray.sites.decode import to_utf8

MAX_TEXT_BYTES: Final = 1_000_000
MAX_RECORD_BYTES: Final = 16_000_000
"""Of the record in the archive; an imported file may be so long."""


class TooLongError(Exception):
    """A record that is too long to be read for a look; the text says so."""


def read_page_text(
    store: ResultStore, batch_id: str, stem: str, offset: int, length: int
) -> tuple[str, bool]:
    """Return the beginning of a page as text, and whether it was cut. `PartMoved` where the part is elsewhere by now."""
    if length > MAX_RECORD_BYTES:
        raise TooLongError(f"the archived page has {length:,} bytes; at most {MAX_RECORD_BYTES:,} are shown")
    with store.open(batch_id, stem, PartFile.ARCHIVE) as archive:
        page = read_record(archive, offset, length, name=stem)
    coding = page.header("Content-Encoding")
    try:
        body = decompress(page.wire_body, coding, max_bytes=MAX_TEXT_BYTES + 1, cut=True)
    except DecompressError:
        body = page.wire_body
    text = to_utf8(body[:MAX_TEXT_BYTES], page.charset).decode("utf-8", "replace")
    return text.replace("\0", "\ufffd"), len(body) > MAX_TEXT_BYTES
