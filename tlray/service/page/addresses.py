"""Addresses of the catalogue's views below ``/``."""

from __future__ import annotations

from urllib.parse import quote, urlencode


def set_path(site: str, source_id: str) -> str:
    """Return the address of a set's page."""
    return f"catalogue/{quote(site, safe='')}/{quote(source_id, safe='')}"


def name_path(kind: str, name: str) -> str:
    """Return the address of a name's page. Browsers take the names ``.`` and ``..`` for steps: those are searched for."""
    return search_path(q=name) if name in (".", "..") else f"{kind}/{quote(name, safe='')}"


def search_path(**fields: str) -> str:
    """Return the address of a search with these conditions."""
    return "catalogue?" + urlencode({name: value for name, value in fields.items() if value})
