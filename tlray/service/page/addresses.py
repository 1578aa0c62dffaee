"""Addresses of the catalogue's views below ``/``."""

from __future__ import annotations

from urllib.parse import quote, urlencode

from tlray.core.access.path_part import in_path


def set_path(site: str, source_id: str) -> str:
    """Return the address of a set's page."""
    return f"catalogue/{quote(site, safe='')}/{in_path(source_id)}"


def name_path(kind: str, name: str) -> str:
    """Return the address of a name's page. Browsers take the names ``.`` and ``..`` for steps: those are searched for."""
    return search_path(q=name) if name in (".", "..") else f"{kind}/{quote(name, safe='')}"


def search_path(**fields: str) -> str:
    """Return the address of a search with these conditions."""
    return "catalogue?" + urlencode({name: value for name, value in fields.items() if value})


def export_path(**fields: object) -> str:
    """Return the address of an export of the catalogue, without its format; fields without a value are left out."""
    given = {name: value for name, value in fields.items() if value not in ("", None)}
    return f"api/v1/catalogue/export?{urlencode(given)}{'&' * bool(given)}"
