"""The tables of a journal, ``schema.sql``: their version, their statements, and their columns."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources

SCHEMA_VERSION = "7"
DISCOVERY = (
    "ALTER TABLE batches ADD COLUMN n_found INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE batches ADD COLUMN n_lists INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE items ADD COLUMN found_on INTEGER",
    "ALTER TABLE items ADD COLUMN list_depth INTEGER NOT NULL DEFAULT 0",
)
"""The step from version 5 to 6, in every database; indexes are made by `statements`."""
NUMBERED = ("id", "seq")
"""The names of a first column that the database numbers."""
_TABLE = re.compile(r"CREATE TABLE IF NOT EXISTS (\w+) \((.*)\)", re.DOTALL)
_COLUMN = re.compile(r"[(,]\s*([a-z_]+) (?:TEXT|INTEGER|REAL)\b")


@cache
def statements() -> Sequence[str]:
    """Return the statements that make tables, indexes and triggers, without comments."""
    script = resources.files("tlray.io.journal.sql").joinpath("schema.sql").read_text("utf-8")
    return [text for text in re.split(r";\s*(?=CREATE |\Z)", re.sub(r"--.*", "", script).strip()) if text]


@cache
def columns() -> Mapping[str, Sequence[str]]:
    """Return the columns of each table, in the order of the script."""
    tables = (_TABLE.match(statement) for statement in statements())
    return {table[1]: _COLUMN.findall(f"({table[2]}") for table in tables if table}
