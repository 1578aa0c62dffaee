"""Habits of the source that no linter checks: how long a function is, how a docstring begins, which rooms say what they are."""

from __future__ import annotations

import ast
import builtins
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from source_trees import tree

import tlray

ROOT = Path(tlray.__file__).parents[1]
SOURCES = sorted(path for folder in ("tlray", "jobs") for path in (ROOT / folder).rglob("*.py"))
MAX_FUNCTION_LINES = 60
"""Of a body, its docstring aside: a screen."""

Function = ast.FunctionDef | ast.AsyncFunctionDef
Documented = Function | ast.ClassDef | ast.Module


def nodes(path: Path, *kinds: type[ast.AST]) -> Iterator[ast.AST]:
    return (node for node in ast.walk(tree(path)) if isinstance(node, kinds))


def body_lines(function: Function) -> int:
    body = function.body[1:] if ast.get_docstring(function) else function.body
    return 0 if not body else int(body[-1].end_lineno or 0) - body[0].lineno + 1


def test_a_function_fits_a_screen() -> None:
    long = {
        f"{path.relative_to(ROOT)}:{function.lineno} {function.name}": n
        for path in SOURCES
        for function in nodes(path, ast.FunctionDef, ast.AsyncFunctionDef)
        if isinstance(function, Function) and (n := body_lines(function)) > MAX_FUNCTION_LINES
    }
    assert not long


def test_a_docstring_does_not_open_with_a_question() -> None:
    wrong = []
    for path in SOURCES:
        for node in nodes(path, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Module):
            assert isinstance(node, Documented)
            text = ast.get_docstring(node) or ""
            sentence = text.split("\n\n")[0].split(". ")[0]
            if sentence.endswith("?") or text.split("\n")[0].rstrip().endswith("?"):
                name = getattr(node, "name", "module")
                wrong.append(f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 1)} {name}: {sentence}")
    assert not wrong


@cache
def names_by_class() -> dict[str, set[str]]:
    """Return what the classes of each name define, together; under "" what any module uses or defines."""
    found: dict[str, set[str]] = {"": set(sys.stdlib_module_names) | set(dir(builtins))}
    for path in SOURCES:
        found[""] |= {path.stem, *path.parent.parts}
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.ClassDef):
                found.setdefault(node.name, {base.id for base in node.bases if isinstance(base, ast.Name)})
                found[node.name] |= names_in(*node.body)
        found[""] |= names_in(tree(path))
    return found


def names_in(*bodies: ast.AST) -> set[str]:
    found: set[str] = set()
    for node in (node for body in bodies for node in ast.walk(body)):
        for field in ("name", "id", "attr", "arg", "asname", "module"):
            name = getattr(node, field, None)
            found |= set(name.split(".")) if isinstance(name, str) else set()
    return found


def is_there(reference: str, path: Path) -> bool:
    """Return True for a file beside ``path``, a name of the source, or ``Class.member`` with a member of that class."""
    known, parts = names_by_class(), reference.split(".")
    if reference.endswith((".py", ".toml", ".sql")):
        return (path.parent / reference).exists() or reference == "domains.toml" or parts[0] in known[""]
    owners = [part for part in parts[:-1] if part in known]
    if owners and not (known[owners[-1]] & known.keys()):  # without bases of ours: all members are here
        return parts[-1] in known[owners[-1]]
    return set(parts) <= known[""] or parts[0] in sys.stdlib_module_names


def test_what_a_docstring_refers_to_is_there() -> None:
    strings = (
        (path, node.value.value)
        for path in SOURCES
        for node in nodes(path, ast.Expr)
        if isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )
    gone = {
        f"{path.relative_to(ROOT)}: {reference}"
        for path, text in strings
        for reference in re.findall(r"(?<!`)`([A-Za-z_][\w.]*)(?:\(\))?`(?!`)", text)
        if not is_there(reference, path)
    }
    assert not gone


@pytest.mark.parametrize("package", sorted({path.parent for path in SOURCES if path.parent.name != "jobs"}))
def test_a_room_says_what_lives_there(package: Path) -> None:
    init = package / "__init__.py"
    assert init.exists(), f"{package.relative_to(ROOT)} has no __init__.py"
    assert ast.get_docstring(tree(init)), f"{init.relative_to(ROOT)} says nothing"
