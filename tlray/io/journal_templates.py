"""Which templates has a user made? Each user's own, by name; the built-in ones are in `tlray.core.built_in_templates`."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from tlray.core.template import Template

MAX_TEMPLATES = 1_000
"""Of one user."""


def put_template(db: sqlite3.Connection, owner: str, template: Template) -> bool | None:
    """Write down a template in the place of the owner's one of that name; True where it is new, None where there are too
    many."""
    is_there = load_template(db, owner, template.name) is not None
    (n,) = db.execute("SELECT count(*) FROM templates WHERE owner = ?", (owner,)).fetchone()
    if not is_there and n >= MAX_TEMPLATES:
        return None
    said = {
        "urls": list(template.urls),
        "description": template.description,
        "batch_name": template.batch_name,
        "options": dict(template.options),
        "defaults": dict(template.defaults),
    }
    db.execute("INSERT OR REPLACE INTO templates VALUES (?, ?, ?)", (owner, template.name, json.dumps(said)))
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
