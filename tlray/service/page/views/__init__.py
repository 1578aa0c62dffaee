"""The views of the page, one module per subject."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter

from tlray.service.page import static_files
from tlray.service.page.views import (
    batch,
    batches,
    catalogue,
    dead_letters,
    domains,
    home,
    names,
    new_batch,
    notifications,
    schedules,
    sets,
    sign_in,
    templates,
    tokens,
)

VIEWS: Final[tuple[APIRouter, ...]] = (
    home.router,
    sign_in.router,
    new_batch.router,
    batches.router,
    batch.router,
    dead_letters.router,
    schedules.router,
    templates.router,
    domains.router,
    notifications.router,
    tokens.router,
    catalogue.router,
    sets.router,
    names.router,
    static_files.router,
)
"""All views."""
