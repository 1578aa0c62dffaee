"""Where the real saved pages are: other people's, so they are never in this repository.

They are looked for in ``$TLRAY_SHARED``, else in ``shared`` beside the checkout; without them these tests are
skipped.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

SHARED = Path(os.environ.get("TLRAY_SHARED") or Path(__file__).resolve().parents[2].parent / "shared")
PAGES = SHARED / "pages"


@pytest.fixture(scope="session")
def real_pages() -> Path:
    """The folder of the real pages."""
    if not PAGES.is_dir():
        pytest.skip(f"no real pages in {PAGES}; set TLRAY_SHARED to the folder that holds pages/")
    return PAGES


@pytest.fixture(scope="session")
def real_sources() -> Path:
    """The folder of real files of other sources."""
    sources = SHARED / "sources"
    if not sources.is_dir():
        pytest.skip(f"no real files in {sources}; set TLRAY_SHARED to the folder that holds sources/")
    return sources
