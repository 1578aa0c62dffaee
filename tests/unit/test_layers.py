"""The layers of the design: which package may import which, where Ray is imported, no circles; read from the source."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

from source_trees import source, tree

import tlray

ROOT = Path(tlray.__file__).parent
MODULES = sorted(ROOT.rglob("*.py"))
PACKAGES = {".".join(("tlray", *path.parent.relative_to(ROOT).parts)) for path in ROOT.rglob("__init__.py")}
IMPURE = {"ray", "aiohttp", "asyncio", "time", "random", "os", "socket", "sqlite3"}
MAX_LINES = 400
IMPORT_RAY = {
    "cluster.adapters", "cluster.driver", "cluster.workers",
    "service.serve", "service.deployment", "service.queue_deployment",
    "service.backend.gateway", "service.auth.listen_policy", "service.http.shutdown",
}  # fmt: skip
"""Rooms and modules that import Ray."""

ALLOWED: dict[str, set[str]] = {
    "version": set(),
    "model": set(),
    "errors": set(),
    "settings": {"errors"},
    # the decisions
    "core": set(),
    "core.model": {"model", "errors"},
    "core.politeness": {
        "errors",
        "core.model",
    },
    "core.scheduling": {"errors", "core.model", "core.politeness"},
    "core.pacing": {"core.model", "core.politeness", "core.scheduling"},
    "core.submission": {"errors", "core.model", "core.politeness"},
    "core.access": {"errors", "core.model", "core.politeness"},
    "core.schedules": {"errors", "core.model"},
    "core.notify": {"core.model"},
    "core.messaging": {"errors", "core.model"},
    "core.audit": {"core.model"},
    "core.refresh": {"core.model"},
    "core.linking": {"model", "core.catalogue", "core.model"},
    "core.catalogue": {"model"},
    # pages in, files out
    "plugins": {"errors"},
    "sites": {"model", "errors", "plugins", "core.model", "core.politeness", "sites"},
    "readers": {"model", "errors", "core.model", "sites"},
    "export": {"model", "errors", "plugins", "core.model"},
    "demo": set(),
    # outside things
    "io": set(),
    "io.disk": {"errors"},
    "io.process": {"core.model", "core.scheduling"},
    "io.http": {"errors", "core.model", "core.politeness"},
    "io.worker": {"model", "core", "sites", "readers", "io.disk", "io.http", "io.intake"},
    "io.results": {
        "model",
        "errors",
        "core.model",
        "core.scheduling",
        "io.disk",
        "io.http",
        "io.journal",  # `reader` and `done_sets` ask it which parts count
    },
    "io.reparse": {"model", "core", "sites", "readers", "io.http", "io.intake", "io.journal", "io.results"},
    "io.journal": {
        "settings",  # TLRAY_JOURNAL
        "errors",
        "core",
        "io.disk",
        "io.http",
    },
    "io.journal.sql": {"errors", "core", "io.journal"},
    "io.journal.sqlite": {"errors", "core", "io.disk", "io.journal", "io.journal.sql"},
    "io.catalogue": {
        "model", "errors", "core.access", "core.catalogue", "core.linking", "core.model", "core.politeness", "core.refresh",
        "io.disk", "io.journal", "io.results",
    },
    "io.journal.postgres": {
        "errors", "core", "io.journal", "io.journal.sql",
        "io.journal.sqlite",  # the audit compares in a SQLite journal without a file
    },
    "io.offline": {"errors", "core.model", "io.disk", "io.journal", "io.results"},
    "io.export": {"model", "errors", "core.model", "export", "io.disk", "io.results"},
    "io.audit": {"errors", "core.audit", "core.model", "io.disk", "io.journal", "io.results"},
    "io.intake": {"errors", "core", "sites", "readers", "io.disk", "io.http", "io.journal"},
    "io.client": {"errors", "core.model", "core.submission", "io.intake", "io.journal"},
    "io.broker": {"errors", "core.model", "core.messaging"},
    "io.notify": {"errors", "core", "io.http"},
    "io.redis": {"errors", "core.access", "core.model"},
    "io.doctor": {
        "version", "errors", "settings", "core", "io.disk", "io.process", "io.http", "io.journal", "io.results", "io.redis",
        "io.broker", "io.notify",
    },
    # Ray
    "scrape_options": {"errors", "settings", "core", "sites", "io.intake", "io.journal"},
    "cluster": {"io.process"},
    "cluster.ports": {"model", "errors", "core", "io"},
    "cluster.coordinator": {
        "version", "errors", "core", "io", "cluster.ports",
        "cluster.workers",  # an arrow up: the limiters' errors, the config of tasks
    },
    "cluster.handlers": {"errors", "core", "io", "cluster.ports", "cluster.coordinator"},
    "cluster.workers": {"version", "model", "errors", "core", "io", "cluster.ports"},
    "cluster.adapters": {"errors", "core", "io", "cluster.ports", "cluster.workers"},
    "cluster.driver": {
        "version", "errors", "settings", "core", "io", "cluster.ports", "cluster.coordinator", "cluster.handlers",
        "cluster.workers", "cluster.adapters",
    },
    # HTTP
    "service.schemas": {"core.model", "core.politeness"},
    "service.http": {
        "errors", "settings", "core", "io.intake", "service.schemas",
    },
    "service.auth": {"errors", "settings", "core", "io.offline", "io.redis", "service.http"},
    "service.backend": {
        "version", "errors", "settings", "scrape_options", "core", "io", "cluster.driver", "service.auth",
    },
    "service.submission": {
        "errors", "settings", "scrape_options", "core", "io", "service.schemas", "service.http", "service.auth",
        "service.backend",
    },
    "service.routes": {
        "version", "model", "errors", "settings", "scrape_options", "core", "readers", "export", "io",
        "cluster.handlers", "service.schemas", "service.http", "service.auth", "service.backend", "service.submission",
    },
    "service.page": {"version", "core", "io", "service.http", "service.auth", "service.backend", "service.routes"},
    "service.page.views": {
        "errors", "core", "export", "io", "service.schemas", "service.http", "service.auth", "service.backend",
        "service.submission", "service.routes", "service.page",
    },
    "service.openapi": {"core.model", "export", "service.schemas", "service.http"},
    "service": {"version", "errors", "settings", "core.messaging", "io", "cluster", "service"},
    # what a user calls
    "batch_run": {"errors", "settings", "scrape_options", "core", "io", "cluster.driver"},
    "api": {"errors", "settings", "scrape_options", "core", "io", "batch_run"},
    "cli": {
        "", "model", "errors", "settings", "scrape_options", "core", "sites", "readers", "export", "io", "demo", "batch_run",
        "cluster.driver",
        "cluster.coordinator",  # `stop` says how to end (`handshake`, `shutdown.How`)
        "service",
        "service.auth",
    },
    "testing": {"model", "core", "io.disk", "io.journal", "io.results"},
    "": {
        "api", "version",
        "core.politeness", "sites",  # the one place that hands the sites' profiles to the core
    },
    "__main__": {"cli"},
}  # fmt: skip
"""Room → what of tlray it may import besides itself; "core" stands for all of its rooms too, "" for `tlray` itself."""


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def module_of(path: Path) -> str:
    return ".".join(("tlray", *path.relative_to(ROOT).with_suffix("").parts)).removesuffix(".__init__")


def layer_of(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def room_of(module: str) -> str:
    """Return the package that a module is in, or is; of one that lies beside the packages, its own name."""
    name = module.removeprefix("tlray").removeprefix(".")
    return name if module in PACKAGES else name.rpartition(".")[0] or name


def row_of(path: Path) -> str:
    """Return the row that a module counts in: a site's folder, or a reader's, is one of many alike."""
    room = room_of(module_of(path))
    return room.partition(".")[0] if room.startswith(("sites.", "readers.")) else room


NAMES = {module_of(path) for path in MODULES}


@cache
def imports(path: Path, *, for_types: bool = False) -> set[str]:
    """What a module imports when it runs; with ``for_types`` also what only type checkers see."""
    found: set[str] = set()

    def walk(node: ast.AST) -> None:
        if isinstance(node, ast.expr):
            return
        is_for_types = (
            isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        )
        if is_for_types and not for_types:
            return
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{name_of(path)}: write whole names"
            whole = {f"{node.module}.{alias.name}" for alias in node.names}
            found.update(whole & NAMES)
            if whole - NAMES:
                found.add(node.module or "")
        for child in ast.iter_child_nodes(node):
            walk(child)

    walk(tree(path))
    return found


def top_names(path: Path) -> set[str]:
    """The packages that a module imports."""
    return {name.split(".")[0] for name in imports(path)}


def is_allowed(room: str, other: str) -> bool:
    return any(other == name or (name and other.startswith(f"{name}.")) for name in (*ALLOWED[room], room))


def test_every_package_has_its_row() -> None:
    assert {row_of(path) for path in MODULES} == set(ALLOWED)


def test_a_module_imports_nothing_to_its_right() -> None:
    wrong = {
        name_of(path): too_high
        for path in MODULES
        if (room := row_of(path)) is not None
        and (too_high := {name for name in imports(path) & NAMES if not is_allowed(room, room_of(name))})
    }
    assert not wrong


def test_there_is_no_circle_of_imports() -> None:
    graph = {module_of(path): imports(path, for_types=True) & NAMES - {module_of(path)} for path in MODULES}
    while ends := [module for module, others in graph.items() if not others & graph.keys()]:
        for module in ends:
            del graph[module]
    circles = [circle for module in graph if len(circle := circle_of(module, graph)) > 1]
    assert not circles


def circle_of(module: str, graph: dict[str, set[str]]) -> set[str]:
    """Return all modules that import this one and are imported by it, each directly or through others."""
    return {other for other in reached(module, graph) if module in reached(other, graph)}


def reached(module: str, graph: dict[str, set[str]]) -> set[str]:
    seen: set[str] = set()
    ahead = [module]
    while ahead:
        new = graph.get(ahead.pop(), set()) - seen
        seen |= new
        ahead.extend(new)
    return seen


def test_what_decides_and_parses_and_formats_is_pure() -> None:
    pure = [path for path in MODULES if layer_of(path) in ("core", "sites", "readers", "export")]
    assert pure
    wrong = {name_of(path): found for path in pure if (found := top_names(path) & IMPURE)}
    assert not wrong


def test_a_database_is_spoken_to_behind_the_journals_protocols_only() -> None:
    for library, database in (("sqlite3", "sqlite"), ("psycopg", "postgres")):
        room = f"io.journal.{database}"
        importing = {room_of(module_of(path)) for path in MODULES if library in top_names(path)}
        assert importing - {"io.catalogue", "io.export"} == {room}  # these are files of their own
        knowing = {
            name_of(path)
            for path in MODULES
            if room_of(module_of(path)) != room
            and any(name.startswith(f"tlray.{room}") for name in imports(path, for_types=True))
        }
        choosing = {
            "io/journal/opening.py",
            "testing/__init__.py",
            "testing/home.py",
            "io/journal/postgres/journal.py",
        }
        assert knowing <= choosing, "these choose one"


def test_redis_is_spoken_to_in_one_room() -> None:
    assert {room_of(module_of(path)) for path in MODULES if "redis" in top_names(path)} == {"io.redis"}


def test_ray_is_imported_in_its_own_rooms_only() -> None:
    importing = {module_of(path).removeprefix("tlray.") for path in MODULES if "ray" in top_names(path)}
    assert not {name for name in importing if not {name, name.rpartition(".")[0]} & IMPORT_RAY}
    assert not {
        known for known in IMPORT_RAY if not any(f"{name}.".startswith(f"{known}.") for name in importing)
    }


def test_a_module_answers_one_question() -> None:
    assert {name_of(path): n for path in MODULES if (n := len(source(path).splitlines())) > MAX_LINES} == {}
    assert not [
        name_of(path) for path in MODULES if path.stem in {"utils", "common", "helpers", "base", "manager"}
    ]
    assert not [name_of(path) for path in MODULES if not ast.get_docstring(tree(path))]
