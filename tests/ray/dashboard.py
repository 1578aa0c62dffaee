"""Ray's dashboard over HTTP. Ray's commands ask it, too, and each of them costs some seconds of a core."""

from __future__ import annotations

import json
import os
import urllib.request
from pathlib import Path
from typing import Any


def asked(dashboard: str, path: str, body: object = None, *, method: str | None = None) -> Any:
    """Ask the dashboard at an address, with the token of this process's HOME."""
    token = (Path(os.environ["HOME"]) / ".ray" / "auth_token").read_text().strip()
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(dashboard + path, data, headers, method=method)  # noqa: S310 - on loopback
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
        return json.loads(answer.read() or "null")
