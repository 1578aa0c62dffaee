"""The list of changes, in the order in which they were published or the newest first: from a cursor or a moment on, of one set
or of all."""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Final

from tlray.core.access.cursor import BadCursor, decode, encode
from tlray.core.model.durations import parse_duration_s
from tlray.errors import UsageError
from tlray.io.catalogue.search import moment

_COLUMNS: Final = (
    "c.seq, s.site, s.source_id, s.url, s.title AS set_title, b.batch_id, c.kind, c.cause, c.index_before,"
    ' c.index_after AS "index", c.artist, c.title, c.cue_s, c.before, c.after, c.parser_before, c.parser, c.changed_at'
)
NAMES: Final = (
    "seq", "site", "source_id", "url", "set_title", "batch_id", "kind", "cause", "index_before", "index", "artist", "title",
    "cue_s", "before", "after", "parser_before", "parser", "changed_at", "cursor",
)  # fmt: skip
"""The fields of a change, in their order."""


_PLUS_OF_A_QUERY: Final = re.compile(r"(?<=\d) (?=\d\d:\d\d$)")
"""The blank that a plus sign is in a query which nobody has encoded: ``2026-11-01T12:00:00 02:00``."""


class NoStart(UsageError):  # noqa: N818 - named for what is wrong
    """A text that is neither a moment nor the cursor of a change."""

    def __init__(self, text: str) -> None:
        super().__init__(text)

    def __str__(self) -> str:
        what = "neither a moment, such as 2026-11-01, 2026-11-01T12:00:00Z or 7d (ago), nor the cursor of a change"
        return f"since: {self.args[0][:40]!r} is {what}"


def start_of(text: str | None) -> tuple[int, float | None]:
    """Return where a list of changes begins: after a number, for a cursor; or at a moment, in epoch seconds.

    A moment without a zone is UTC; ``7d`` is so long ago. None is the beginning.
    """
    if text is None:
        return -1, None
    try:
        return int(decode(text, "changes", int)[0]), None
    except BadCursor:
        pass
    text = text.strip()
    if text.endswith(("s", "m", "h", "d")):
        with suppress(ValueError):
            return -1, time.time() - parse_duration_s(text)
    try:
        at = datetime.fromisoformat(_PLUS_OF_A_QUERY.sub("+", text) if "T" in text else text)
        return -1, (at if at.tzinfo is not None else at.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        raise NoStart(text) from None


def set_named(text: str) -> tuple[str, str]:
    """Read ``SITE:ID`` as a site and the id of a set there."""
    site, colon, source_id = text.partition(":")
    if not (colon and site and source_id):
        raise UsageError(f"set {text[:80]!r} is not SITE:ID, such as 1001tracklists:1pn8l919")
    return site, source_id


def end_of(text: str | None) -> int | None:
    """Return the number of the change that a list ends before; `BadCursor` for anything but the cursor of a change."""
    return None if text is None else int(decode(text, "changes", int)[0])


def changes(
    db: sqlite3.Connection,
    *,
    owner: str | None = None,
    after: int = -1,
    before: int | None = None,
    since: float | None = None,
    of_set: tuple[str, str] | None = None,
    is_newest_first: bool = False,
    limit: int = -1,
) -> Iterator[dict[str, Any]]:
    """Yield the changes between two numbers, of versions that were fetched at ``since`` or later; ``of_set``: site and id.

    A change of a version whose moment is unknown is of any moment.
    """
    claims = ["c.seq > :after"]
    if before is not None:
        claims.append("c.seq < :before")
    if owner is not None:
        claims.append("s.owner = :owner")
    if since is not None:
        claims.append("(c.changed_at IS NULL OR c.changed_at >= :since)")
    source = "changes c CROSS JOIN sets s ON s.id = c.set_id"
    if of_set is not None:
        source = "sets s CROSS JOIN changes c ON c.set_id = s.id"
        claims += ["s.site = :site", "s.source_id = :source_id"]
    site, source_id = of_set or (None, None)
    rows = db.execute(
        f"SELECT {_COLUMNS} FROM {source} JOIN batches b ON b.number = c.batch WHERE {' AND '.join(claims)}"
        f" ORDER BY c.seq{' DESC' if is_newest_first else ''} LIMIT :limit",
        {
            "after": after,
            "before": before,
            "owner": owner,
            "since": since,
            "site": site,
            "source_id": source_id,
            "limit": limit,
        },
    )
    for row in rows:
        yield _change((*row, cursor_of(row[0])))


def cursor_of(seq: int) -> str:
    """Return the cursor behind a change."""
    return encode("changes", seq)


def last_change(db: sqlite3.Connection) -> int:
    """Return the number of the last change; -1 if there is none."""
    (seq,) = db.execute("SELECT max(seq) FROM changes").fetchone()
    return -1 if seq is None else int(seq)


def changed_sets(db: sqlite3.Connection, *, after: int, until: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the sets that changed between two numbers, each with its batch and its changes by kind."""
    rows = db.execute(
        "SELECT b.batch_id, s.site, s.source_id, s.url, s.title, c.kind, count(*), max(c.seq), max(c.cause) FROM changes c"
        " CROSS JOIN sets s ON s.id = c.set_id JOIN batches b ON b.number = c.batch"
        " WHERE c.seq > ? AND c.seq <= ? GROUP BY c.batch, c.set_id, c.kind ORDER BY c.batch, c.set_id, min(c.seq)",
        (after, until),
    )
    batch_id, found = "", dict[str, Any]()
    for of_batch, site, source_id, url, title, kind, n, seq, cause in rows:
        if (batch_id, found.get("site"), found.get("source_id")) != (of_batch, site, source_id):
            if found:
                yield batch_id, found
            batch_id = of_batch
            found = {
                "site": site,
                "source_id": source_id,
                "url": url,
                "title": title,
                "changes": {},
                "cursor": "",
            }
        found["changes"][kind] = n
        found["cause"] = max(cause, found.get("cause", ""))  # "source" is the last word of the three
        found["seq"] = max(seq, found.get("seq", -1))
        found["cursor"] = cursor_of(found["seq"])
    if found:
        yield batch_id, found


def _change(values: tuple[Any, ...]) -> dict[str, Any]:
    found = dict(zip(NAMES, values, strict=True))
    return found | {"seq": str(found["seq"]), "changed_at": moment(found["changed_at"])}
