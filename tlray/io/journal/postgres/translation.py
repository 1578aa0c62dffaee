"""The statements of `tlray.io.journal.sql` in PostgreSQL's words.

Marks (``?``, ``?1``, ``:name``) become psycopg's; hints for SQLite's planner go. A statement for many rows becomes one statement
over arrays. What SQLite has as functions, and PostgreSQL has not, the schema brings along (`SHIMS`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import count
from typing import Any, NamedTuple

from tlray.errors import check_invariant

_HINT = re.compile(r" (?:NOT INDEXED|INDEXED BY \w+)")
_MARK = re.compile(r"\?(\d*)|(?<![:\w]):([a-z_]+)")
_UPDATE = re.compile(r"UPDATE (\w+) SET (.*) WHERE (.*)", re.DOTALL)
_INSERT = re.compile(r"INSERT INTO (\w+)(?: \((.*?)\))? VALUES \([?, ]+\)(.*)", re.DOTALL)
_TYPES = {bool: "bool", int: "int8", float: "float8", str: "text"}

SHIMS = """
CREATE OR REPLACE FUNCTION max(double precision, double precision) RETURNS double precision
    LANGUAGE sql IMMUTABLE AS 'SELECT greatest($1, $2)';
CREATE OR REPLACE FUNCTION json_each(text) RETURNS TABLE (key text, value bigint) LANGUAGE sql IMMUTABLE ROWS 20 AS $$
    SELECT NULL, e::bigint FROM json_array_elements_text(CASE json_typeof($1::json) WHEN 'array' THEN $1::json END) e
    UNION ALL SELECT o.key, o.value::bigint
    FROM json_each_text(CASE json_typeof($1::json) WHEN 'object' THEN $1::json END) o
$$
"""
"""Functions of SQLite that the statements use."""


class Translated(NamedTuple):
    """A statement of psycopg."""

    sql: str
    is_named: bool
    """True if its marks have names or numbers. The types of such values do not follow from the statement."""


@lru_cache(maxsize=512)
def translate(sql: str) -> Translated:
    """Return a statement for `parameters_of`."""
    is_named = False

    def mark(found: re.Match[str]) -> str:
        nonlocal is_named
        name = found[2] or (f"p{found[1]}" if found[1] else "")
        is_named = is_named or bool(name)
        return f"%({name})s" if name else "%s"

    plain = (
        _HINT.sub("", sql)
        .replace("CROSS JOIN", "JOIN")
        .replace(" LIKE ", " ILIKE ")
        .replace("instr(", "strpos(")
    )
    return Translated(_MARK.sub(mark, plain), is_named)


def parameters_of(is_named: bool, parameters: Any) -> Any:
    """Return the values of a translated statement."""
    if is_named and not isinstance(parameters, dict):
        return {f"p{number}": value for number, value in enumerate(parameters, 1)}
    return parameters or None


def copy_statement(sql: str) -> str | None:
    """Return the COPY in the place of a plain INSERT; None for any other statement."""
    found = _INSERT.fullmatch(sql)
    if found is None or found[3] or not found[2]:
        return None
    return f"COPY {found[1]} ({found[2]}) FROM STDIN"


def in_waves(sql: str, rows: Sequence[Sequence[Any]]) -> Iterator[Sequence[Sequence[Any]]]:
    """Yield the rows in groups in which no row is changed twice: an UPDATE of many rows takes one value for each."""
    n_keys = sql.partition(" WHERE ")[2].count("?")
    if not n_keys or len({tuple(row[-n_keys:]) for row in rows}) == len(rows):
        yield rows
        return
    rest = list(rows)
    while rest:
        seen: set[tuple[Any, ...]] = set()
        wave: list[Sequence[Any]] = []
        later: list[Sequence[Any]] = []
        for row in rest:
            key = tuple(row[-n_keys:])
            (later if key in seen else wave).append(row)
            seen.add(key)
        yield wave
        rest = later


def over_arrays(sql: str, rows: Sequence[Sequence[Any]]) -> tuple[str, list[list[Any]]]:
    """Return one statement for all rows, and its arrays. A column without any value is a NULL in the statement."""
    arrays, types = [], []
    for column in map(list, zip(*rows, strict=True)):
        kinds = {type(value) for value in column if value is not None}
        kind = float if kinds == {int, float} else next(iter(kinds), None)
        if kinds == {int, float}:
            column = [None if value is None else float(value) for value in column]  # noqa: PLW2901 - the same
        types.append("" if kind is None else _TYPES.get(kind, "text"))
        if kind is not None:
            arrays.append(column)
    return _arrays_statement(sql, tuple(types)), arrays


@lru_cache(maxsize=512)
def _arrays_statement(sql: str, types: tuple[str, ...]) -> str:
    names = [f"v.c{number}" if kind else "NULL" for number, kind in enumerate(types, 1)]
    unnest = ", ".join(f"%s::{kind}[]" for kind in types if kind)
    source = f"unnest({unnest}) AS v ({', '.join(name[2:] for name in names if name != 'NULL')})"
    if (insert := _INSERT.fullmatch(sql)) is not None:
        table = insert[1] + (f" ({insert[2]})" if insert[2] else "")
        return f"INSERT INTO {table} SELECT {', '.join(names)} FROM {source}{insert[3]}"
    update = _UPDATE.fullmatch(sql)
    check_invariant(update is not None, "no statement for many rows: {}", sql)
    assert update is not None  # noqa: S101 - as just checked
    number = count()

    def value(text: str) -> str:
        return re.sub(r"\?", lambda _: names[next(number)], text)

    return f"UPDATE {update[1]} SET {value(update[2])} FROM {source} WHERE {value(update[3])}"
