"""Results of other batches that may stand for an item: a page that was fetched lately is not fetched again.

A result's age is that of its page's own fetch (``fetched_at``), however often it was reused since. A batch whose networks are
limited reuses only results whose page came from an address that it may fetch from itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from ipaddress import ip_address

from tlray.core.model.address_policy import AddressPolicy, policy_for
from tlray.core.model.item import FrontierItem
from tlray.core.model.outcome import ReusableResult
from tlray.io.journal.sql.connection import Connection

WINDOW_ITEMS = 5_000
"""Items of a batch that are read at once; about 30 ms of the journal's thread."""

_MAY_LIST = "(i.list_depth > 0 OR (i.found_on IS NULL AND substr(i.fingerprint, 1, 4) = 'url:'))"
"""An item whose page may list sets: where its batch finds sets, the page itself is needed."""

Reusable = list[tuple[FrontierItem, ReusableResult]]


def _may_have_results(db: Connection, batch: int, since: float) -> bool:
    """Return False if no other batch can have a result of a fetch that began after ``since``."""
    row = db.execute(
        "SELECT 1 FROM batches WHERE id != ? AND n_sets > 0 AND (finished_at IS NULL OR finished_at >= ?) LIMIT 1",
        (batch, since),
    ).fetchone()
    return row is not None


def reusable_for_batch(
    db: Connection, batch: int, since: float, *, after_id: int
) -> tuple[Reusable, int | None]:
    """Return those of a batch's next queued items that have a result, and the last id that was read; None at the end."""
    if not _may_have_results(db, batch, since):
        return [], None
    if not after_id:
        (first_id,) = db.execute("SELECT min(id) FROM items WHERE batch = ?", (batch,)).fetchone()
        after_id = (first_id or 1) - 1
    last_id, n = db.execute(
        "SELECT max(id), count(*) FROM (SELECT id FROM items WHERE +batch = ? AND id > ? ORDER BY id LIMIT ?) AS stretch",
        (batch, after_id, WINDOW_ITEMS),
    ).fetchone()
    if not n:
        return [], None
    allow, finds_sets = _rules_of(db, batch)
    rows = db.execute(
        "SELECT i.id, d.name, coalesce(i.fetch_url, i.url), i.fingerprint, i.attempt, i.n_lost, i.n_hops, i.from_public,"
        " b.batch_id, k.part, k.id, k.fetched_at, k.peer"
        " FROM items i CROSS JOIN items k ON k.fingerprint = i.fingerprint AND k.state = 'succeeded'"
        " JOIN batches b ON b.id = k.batch JOIN domains d ON d.id = i.domain"
        " WHERE +i.batch = ? AND i.id > ? AND i.id <= ? AND i.state = 'queued'"
        f" AND (? = 0 OR NOT {_MAY_LIST})"
        " AND k.batch != i.batch AND k.part IS NOT NULL AND k.fetched_at >= ? ORDER BY i.id, k.fetched_at",
        (batch, after_id, last_id, int(finds_sets), since),
    )
    found = {
        r[0]: (
            FrontierItem(r[0], batch, r[1], r[2], r[3], r[4], r[5], r[6], bool(r[7])),
            ReusableResult(r[8], r[9], r[10], r[11], r[12]),
        )
        for r in rows
        if _may_fetch_from(allow, r[12])
    }  # of several results the newest is the last
    return list(found.values()), last_id if n == WINDOW_ITEMS else None


def reusable_for_items(db: Connection, items: Iterable[tuple[int, float]]) -> dict[int, ReusableResult]:
    """Return results for some items by their ids; each item comes with the oldest fetch that counts."""
    oldest = dict(items)
    found: dict[int, ReusableResult] = {}
    rules: dict[int, tuple[AddressPolicy, bool]] = {}
    if not oldest:
        return found
    rows = db.execute(
        f"SELECT {_MAY_LIST}, i.id, i.batch, b.batch_id, k.part, k.id, k.fetched_at, k.peer FROM items i"
        " CROSS JOIN items k ON k.fingerprint = i.fingerprint AND k.state = 'succeeded'"
        " JOIN batches b ON b.id = k.batch WHERE i.id IN (SELECT value FROM json_each(?)) AND k.batch != i.batch"
        " AND k.part IS NOT NULL AND k.fetched_at >= ? ORDER BY i.id, k.fetched_at DESC",
        (json.dumps(list(oldest)), min(oldest.values(), default=0.0)),
    )
    for may_list, item, batch, *kept in rows.fetchall():
        if item in found or kept[3] < oldest[item]:
            continue
        if batch not in rules:
            rules[batch] = _rules_of(db, batch)
        allow, finds_sets = rules[batch]
        if not (may_list and finds_sets) and _may_fetch_from(allow, kept[-1]):
            found[item] = ReusableResult(*kept)
    return found


def _rules_of(db: Connection, batch: int) -> tuple[AddressPolicy, bool]:
    """Return the addresses that a batch may fetch from, and True if it finds sets."""
    (text,) = db.execute("SELECT options FROM batches WHERE id = ?", (batch,)).fetchone()
    options = json.loads(text)
    networks, terms = options.get("networks"), options.get("terms") or {}
    return policy_for(None if networks is None else tuple(networks)), terms.get("max_found", 0) > 0


def _may_fetch_from(allow: AddressPolicy, peer: str | None) -> bool:
    """Return True if a batch may fetch from the address that gave a page."""
    if peer is None:
        return allow.private
    return allow.refusal(ip_address(peer.partition("%")[0])) is None
