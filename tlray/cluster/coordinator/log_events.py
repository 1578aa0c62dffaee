"""Events of the log: batches (INFO), domains that rest (INFO), and what came of each item (DEBUG)."""

from __future__ import annotations

import logging

from tlray.core.model.lifecycle import BatchEvent, ItemState
from tlray.core.scheduling.batch import Batch
from tlray.core.scheduling.changeset import Changeset
from tlray.core.scheduling.engine import Engine
from tlray.core.scheduling.node_loss import LostNode

logger = logging.getLogger(__name__)
MUCH_LONGER = 0.1
"""A rest that answers in flight prolong by less of itself is no news."""


def opened(book: Batch) -> None:
    """Log that a batch is in memory now."""
    logger.info(
        "batch opened batch=%s state=%s items=%d open=%d",
        book.batch_id,
        book.state.value,
        book.total,
        book.n_open,
    )


def steered(book: Batch, event: BatchEvent) -> None:
    """Log that a user has paused, resumed or cancelled a batch."""
    logger.info("batch steered batch=%s by=%s state=%s", book.batch_id, event.value, book.state.value)


def retried(batch_id: str, n: int) -> None:
    """Log that dead letters are queued again."""
    logger.info("dead letters queued again batch=%s n=%d", batch_id, n)


def ended(book: Batch, elapsed_s: float) -> None:
    """Log a batch's end."""
    n_done, n_dead = (book.counts.get(state, 0) for state in (ItemState.SUCCEEDED, ItemState.DEAD))
    logger.info(
        "batch ended batch=%s state=%s succeeded=%d dead=%d elapsed_s=%.1f",
        book.batch_id, book.state.value, n_done, n_dead, elapsed_s,
    )  # fmt: skip


def node_lost(book: Batch, node: LostNode) -> None:
    """Log that a node was lost with items of a batch."""
    logger.warning(
        "node lost node=%s address=%s batch=%s items=%d",
        node.node_id, node.address, book.batch_id, node.n_items,
    )  # fmt: skip


def log_changes(changeset: Changeset, engine: Engine, *, now: float) -> None:
    """Log what a changeset has brought; items only where somebody wants that."""
    for rest in changeset.cool_downs:
        rest_s, longer_s = rest.until - now, rest.until - engine.domains[rest.domain].rest_until
        if not rest.prolongs or longer_s > MUCH_LONGER * rest_s:
            logger.info("domain rests domain=%s rest_s=%.0f why=%s", rest.domain, rest_s, rest.reason)
    if not logger.isEnabledFor(logging.DEBUG):
        return
    for change in changeset.changes:
        batch = engine.batches.get(change.item.batch)
        logger.debug(
            "item changed batch=%s item=%d state=%s attempt=%d domain=%s why=%s",
            "" if batch is None else batch.batch_id,
            change.item.id,
            change.after.value,
            change.attempt,
            change.domain,
            change.reason or (change.outcome.kind.value if change.outcome is not None else "lost"),
        )
