"""Real programs that tests ask: what happens where one is missing."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


def missing(what: str, cure: str) -> NoReturn:
    """Skip, saying what is missing and how to get it; fail where ``TLRAY_REQUIRE_PARTS=1`` says that all parts must be there."""
    reason = f"{what} is not there: {cure}"
    if os.environ.get("TLRAY_REQUIRE_PARTS") == "1":
        pytest.fail(reason)
    pytest.skip(reason)
