"""Which URL does a line of NDJSON name? A string, or an object with a ``url`` and nothing else; a URL as it is, too."""

from __future__ import annotations

import json
from typing import Any

from tlray.core.model.urls import BadUrl

FORM = 'a line is a URL, as it is or as a JSON string, or {"url": …}'


def url_of(line: str) -> str | BadUrl:
    """Return the URL of a line, or why it has none."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError) as error:
        if not line.startswith(('"', "{", "[")):
            return line
        what = (
            f"{error.msg} at column {error.colno}" if isinstance(error, json.JSONDecodeError) else "too deep"
        )
        return BadUrl(f"no JSON: {what}")
    if isinstance(found, dict):
        return _url_in(found)
    return found if isinstance(found, str) else BadUrl(f"JSON, but no URL; {FORM}")


def _url_in(found: dict[str, Any]) -> str | BadUrl:
    if unknown := [name for name in found if name != "url"]:
        return BadUrl(f"unknown field {unknown[0][:80]!r}; {FORM}")
    if "url" not in found:
        return BadUrl(f'no "url" in it; {FORM}')
    url = found["url"]
    return url if isinstance(url, str) else BadUrl(f'its "url" is no text; {FORM}')
