"""Habits of the source that no linter checks: how long a function is, how a docstring begins, which rooms say what they are."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import tlray

ROOT = Path(tlray.__file__).parents[1]
SOURCES = sorted(path for folder in ("tlray", "jobs") for path in (ROOT / folder).rglob("*.py"))
MAX_FUNCTION_LINES = 60
"""Of a body, its docstring aside: a screen."""

Function = ast.FunctionDef | ast.AsyncFunctionDef
Documented = Function | ast.ClassDef | ast.Module


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


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


@pytest.mark.parametrize("package", sorted({path.parent for path in SOURCES if path.parent.name != "jobs"}))
def test_a_room_says_what_lives_there(package: Path) -> None:
    init = package / "__init__.py"
    assert init.exists(), f"{package.relative_to(ROOT)} has no __init__.py"
    assert ast.get_docstring(tree(init)), f"{init.relative_to(ROOT)} says nothing"
