"""The tables of a journal, ``schema.sql``: their version, their statements, and their columns."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources

SCHEMA_VERSION = "4"
_TABLE = re.compile(r"CREATE TABLE IF NOT EXISTS (\w+) \((.*)\)", re.DOTALL)
_COLUMN = re.compile(r"[(,]\s*([a-z_]+) (?:TEXT|INTEGER|REAL)\b")


@cache
def statements() -> Sequence[str]:
    """Return the statements that make the tables and their indexes, without comments."""
    script = resources.files("tlray.io.journal.sql").joinpath("schema.sql").read_text("utf-8")
    return [text.strip() for text in re.sub(r"--.*", "", script).split(";") if text.strip()]


@cache
def columns() -> Mapping[str, Sequence[str]]:
    """Return the columns of each table, in the order of the script."""
    tables = (_TABLE.match(statement) for statement in statements())
    return {table[1]: _COLUMN.findall(f"({table[2]}") for table in tables if table}
