"""Trees of HTML pages of strangers, bounded in size, depth and width."""

from __future__ import annotations

from selectolax.lexbor import LexborDocumentOptions, LexborHTMLParser

from tlray.sites.bombs import is_bomb
from tlray.sites.decode import decode

MAX_BYTES = 16 * 2**20


def tree_of(body: bytes, charset: str | None) -> LexborHTMLParser | str:
    """Return the tree of a page, or the reason why it is not parsed."""
    if len(body) > MAX_BYTES:
        return "too large"
    data, _ = decode(body, charset)
    if not data.strip():
        return "empty"
    if is_bomb(data):
        return "nested too deep"
    # without events: with an event for each <option>, a long <select> takes quadratic time
    return LexborHTMLParser(data, options=LexborDocumentOptions.WO_EVENTS)
