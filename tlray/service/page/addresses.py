"""Addresses of the catalogue's views below ``/``."""

from __future__ import annotations

from urllib.parse import quote


def set_path(site: str, source_id: str) -> str:
    """Return the address of a set's page."""
    return f"catalogue/{quote(site, safe='')}/{quote(source_id, safe='')}"


def name_path(kind: str, name: str) -> str:
    """Return the address of a name's page."""
    return f"{kind}/{quote(name, safe='')}"
