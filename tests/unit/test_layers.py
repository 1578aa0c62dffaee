"""The layers of the design: who may import whom, read from the source."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import tlray

ROOT = Path(tlray.__file__).parent
MODULES = sorted(ROOT.rglob("*.py"))
IMPURE = {"ray", "aiohttp", "asyncio", "time", "random", "os", "socket", "sqlite3"}
MAX_LINES = 400
MAY_IMPORT_RAY = {"cluster", "service", "jobs", "serve_app"}
BOTTOM = {"model", "errors"}
# layer → what of tlray it may import besides itself
ALLOWED = {
    "model": set(),
    "errors": set(),
    "settings": {"errors"},
    "core": {"model", "errors"},
    "sites": {"model", "errors", "core"},
    "readers": {"model", "errors", "core", "sites"},
    "export": {"model", "errors", "core"},
    "io": {"model", "errors", "settings", "core", "sites", "readers", "export"},
    "demo": set(),
}


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def layer_of(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def source(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(source(path))


@cache
def imports(path: Path) -> set[str]:
    """What a module imports when it runs; what only type checkers see does not count."""
    found: set[str] = set()

    def walk(node: ast.AST) -> None:
        if isinstance(node, ast.expr):
            return
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            return
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{name_of(path)}: write whole names"
            found.add(node.module or "")
            if node.module == "tlray":
                found.update(f"tlray.{alias.name}" for alias in node.names)
        for child in ast.iter_child_nodes(node):
            walk(child)

    walk(tree(path))
    return found


def top_names(path: Path) -> set[str]:
    """The packages that a module imports."""
    return {name.split(".")[0] for name in imports(path)}


def own(names: set[str]) -> set[str]:
    """The layers of tlray among imported names."""
    return {name.split(".")[1] for name in names if name.startswith("tlray.")}


def test_a_module_imports_nothing_to_its_right() -> None:
    wrong = {
        name_of(path): too_high
        for path in MODULES
        if (layer := layer_of(path)) in ALLOWED
        and (too_high := own(imports(path)) - ALLOWED[layer] - {layer})
    }
    assert not wrong


def test_what_decides_and_parses_and_formats_is_pure() -> None:
    pure = [path for path in MODULES if layer_of(path) in ("core", "sites", "readers", "export")]
    assert pure
    wrong = {name_of(path): found for path in pure if (found := top_names(path) & IMPURE)}
    assert not wrong


def test_ray_is_imported_in_its_own_rooms_only() -> None:
    wrong = [
        name_of(path) for path in MODULES if layer_of(path) not in MAY_IMPORT_RAY and "ray" in top_names(path)
    ]
    assert not wrong


def test_a_module_answers_one_question() -> None:
    assert {name_of(path): n for path in MODULES if (n := len(source(path).splitlines())) > MAX_LINES} == {}
    assert not [
        name_of(path) for path in MODULES if path.stem in {"utils", "common", "helpers", "base", "manager"}
    ]
    assert not [name_of(path) for path in MODULES if not ast.get_docstring(tree(path))]
