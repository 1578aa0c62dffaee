"""The check of a list before it is submitted: what it makes, at which domains, and how long that takes. Nothing is stored."""

from __future__ import annotations

import asyncio
from typing import Final

from tlray.core.model.item import Priority
from tlray.core.model.receipts import ListPreview
from tlray.core.submission.lines import Chunk
from tlray.core.submission.list_check import check_list
from tlray.core.submission.receipt_lines import (
    MAX_LINES_LISTED,
    MAX_WARNINGS,
    refused_as_json,
    warning_of_unused,
)
from tlray.io.journal.rows import BatchOptions
from tlray.service.backend.gateway import Gateway

MAX_DOMAINS_LISTED: Final = 100


async def preview(gateway: Gateway, chunk: Chunk, options: BatchOptions, priority: Priority) -> ListPreview:
    """Return what would become of a list."""
    found = await asyncio.to_thread(check_list, chunk)
    domains = await gateway.coordinator.preview_domains(dict(found.by_domain), options, int(priority))
    slowest = next((domain for domain in domains if domain["takes_s"] is not None), None)
    missing = found.without_items(options.named)
    return {
        "total": found.total,
        "duplicates": len(found.duplicates),
        "n_rejected": len(found.rejected),
        "warnings": [warning_of_unused(name) for name in missing[:MAX_WARNINGS]],
        "n_domains": len(domains),
        "domains": domains[:MAX_DOMAINS_LISTED],
        "takes_s": None if slowest is None else slowest["takes_s"],
        "estimate_waits_on": None if slowest is None else slowest["domain"],
        **refused_as_json(found.rejected[:MAX_LINES_LISTED], found.duplicates[:MAX_LINES_LISTED]),
    }
