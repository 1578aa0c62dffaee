"""Calls of the API's own routes by the views: the same rules, the same answers."""

from __future__ import annotations

import json
from typing import Any

from fastapi.responses import JSONResponse


def body_of(response: JSONResponse) -> Any:
    """Return what a route of the API has answered."""
    return json.loads(bytes(response.body))
