"""Lines of NDJSON: a URL as a JSON string, as an object with only a ``url``, or as plain text."""

from __future__ import annotations

import json
from typing import Any

from tlray.core.model.urls import BadUrl

FORM = 'write a URL, plain or as a JSON string, or {"url": …}'


def url_of(line: str) -> str | BadUrl:
    """Return the URL of a line, or why there is none."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError) as error:
        if not line.startswith(('"', "{", "[")):
            return line
        what = (
            f"{error.msg} at column {error.colno}" if isinstance(error, json.JSONDecodeError) else "too deep"
        )
        return BadUrl(f"invalid JSON: {what}")
    if isinstance(found, dict):
        return _url_in(found)
    return found if isinstance(found, str) else BadUrl(f"not a URL; {FORM}")


def _url_in(found: dict[str, Any]) -> str | BadUrl:
    if unknown := [name for name in found if name != "url"]:
        return BadUrl(f"unknown field {unknown[0][:80]!r}; {FORM}")
    if "url" not in found:
        return BadUrl(f'no "url"; {FORM}')
    url = found["url"]
    return url if isinstance(url, str) else BadUrl(f'"url" is not text; {FORM}')
