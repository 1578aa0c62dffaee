"""Which templates has a user made? Each user's own, by name; the built-in ones are in
`tlray.core.schedules.built_in_templates`."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from tlray.core.schedules.template import Template

MAX_TEMPLATES = 1_000
"""Of one user …"""
MAX_CHARS = 4_000_000
"""… and what they say, all together."""


def put_template(db: sqlite3.Connection, owner: str, template: Template) -> bool | None:
    """Write down a template in the place of the owner's one of that name; True where it is new, None where there are too
    many."""
    is_there = load_template(db, owner, template.name) is not None
    (n, n_chars) = db.execute(
        "SELECT count(*), coalesce(sum(length(said)), 0) FROM templates WHERE owner = ? AND name != ?",
        (owner, template.name),
    ).fetchone()
    said = {
        "urls": list(template.urls),
        "description": template.description,
        "batch_name": template.batch_name,
        "options": dict(template.options),
        "defaults": dict(template.defaults),
    }
    text = json.dumps(said)
    if n >= MAX_TEMPLATES or n_chars + len(text) > MAX_CHARS:
        return None
    db.execute("INSERT OR REPLACE INTO templates VALUES (?, ?, ?)", (owner, template.name, text))
    return not is_there


def load_template(db: sqlite3.Connection, owner: str, name: str) -> Template | None:
    """Return a template; None if the owner has none of that name."""
    row = db.execute("SELECT said FROM templates WHERE owner = ? AND name = ?", (owner, name)).fetchone()
    return None if row is None else _template(name, json.loads(row[0]))


def list_templates(db: sqlite3.Connection, owner: str) -> list[Template]:
    """Return an owner's templates by name."""
    rows = db.execute("SELECT name, said FROM templates WHERE owner = ? ORDER BY name", (owner,))
    return [_template(name, json.loads(said)) for name, said in rows]


def remove_template(db: sqlite3.Connection, owner: str, name: str) -> bool:
    """Forget a template; False if there was none."""
    return bool(db.execute("DELETE FROM templates WHERE owner = ? AND name = ?", (owner, name)).rowcount)


def _template(name: str, said: dict[str, Any]) -> Template:
    return Template(name, **{**said, "urls": tuple(said["urls"])})
