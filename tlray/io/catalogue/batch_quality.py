"""The quality of a batch's sets, as the catalogue has counted it."""

from __future__ import annotations

import logging
from typing import Any

from tlray.errors import TlrayError
from tlray.io.catalogue.catch_up import catch_up
from tlray.io.catalogue.database import opened
from tlray.io.catalogue.tally import of_batch, quality_of
from tlray.io.disk.home import Home

logger = logging.getLogger(__name__)
BUSY_S = 0.2
"""A status does not wait for a catalogue that is made anew."""


def batch_quality(home: Home, batch_id: str, *, within_s: float = 0.0) -> dict[str, Any] | None:
    """Return number, mean quality and issues of the sets of a batch that are in the catalogue; None if it cannot be read.

    ``within_s``: first read what is missing, for so long at the most.
    """
    try:
        if within_s:
            catch_up(home, within_s=within_s)
        with opened(home, busy_s=BUSY_S) as db:
            row = db.execute("SELECT number FROM batches WHERE batch_id = ?", (batch_id,)).fetchone()
            return quality_of(db, of_batch(-1 if row is None else row[0]))
    except TlrayError as error:
        logger.warning("quality not counted batch=%s why=%s", batch_id, error)
        return None
