"""Templates of users; the built-in ones are in `tlray.core.schedules.built_in_templates`."""

from __future__ import annotations

import json

from tlray.core.schedules.template import Template
from tlray.io.journal.service_rows import MAX_TEMPLATE_CHARS, MAX_TEMPLATES
from tlray.io.journal.sql.connection import Connected, Writing, transactional


class TemplateReads(Connected):
    """Queries about templates."""

    def template(self, owner: str, name: str) -> Template | None:
        row = self._db.execute(
            "SELECT said FROM templates WHERE owner = ? AND name = ?", (owner, name)
        ).fetchone()
        return None if row is None else _template(name, row[0])

    def templates(self, owner: str) -> list[Template]:
        rows = self._db.execute("SELECT name, said FROM templates WHERE owner = ? ORDER BY name", (owner,))
        return [_template(name, text) for name, text in rows]


class TemplateWrites(TemplateReads, Writing):
    """Changes of templates."""

    @transactional
    def put_template(self, owner: str, template: Template) -> bool | None:
        is_new = self.template(owner, template.name) is None
        n, n_chars = self._db.execute(
            "SELECT count(*), coalesce(sum(length(said)), 0) FROM templates WHERE owner = ? AND name != ?",
            (owner, template.name),
        ).fetchone()
        text = _text(template)
        if n >= MAX_TEMPLATES or n_chars + len(text) > MAX_TEMPLATE_CHARS:
            return None
        self._db.execute(
            "INSERT INTO templates VALUES (?, ?, ?) ON CONFLICT (owner, name) DO UPDATE SET said = excluded.said",
            (owner, template.name, text),
        )
        return is_new

    @transactional
    def remove_template(self, owner: str, name: str) -> bool:
        sql = "DELETE FROM templates WHERE owner = ? AND name = ?"
        return bool(self._db.execute(sql, (owner, name)).rowcount)


def _text(template: Template) -> str:
    fields = {
        "urls": list(template.urls),
        "description": template.description,
        "batch_name": template.batch_name,
        "options": dict(template.options),
        "defaults": dict(template.defaults),
    }
    return json.dumps(fields)


def _template(name: str, text: str) -> Template:
    fields = json.loads(text)
    return Template(name, **{**fields, "urls": tuple(fields["urls"])})
