"""Plugins: what installed packages offer to tlray under an entry-point group.

tlray's own parsers and formats are named in its code instead: the working copy that a Ray job brings along has no package
metadata, and would be without them.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from tlray.errors import UsageError


def load(group: str, shipped: Mapping[str, str], kind: type) -> dict[str, Any]:
    """Return all objects of a group by name: those of installed packages, then the shipped ones (``module:attribute``).

    A class is instantiated. An installed one takes the place of a shipped one of its name. `UsageError` names the package whose
    object cannot be loaded, or is no ``kind``: to go on without it could treat a site less gently than its profile says.
    """
    found: dict[str, Any] = {}
    packages: dict[str, str] = {}
    for entry in entry_points(group=group):
        package = f"{entry.dist.name} {entry.dist.version}" if entry.dist else "an unknown package"
        if entry.name in found and packages[entry.name] != package:
            raise UsageError(
                f"{packages[entry.name]} and {package} both offer {entry.name!r} ({group}); uninstall one of them"
            )
        found[entry.name], packages[entry.name] = _loaded(entry, package, kind), package
    for name, value in shipped.items():
        if name not in found:
            found[name] = _loaded(EntryPoint(name, value, group), "tlray", kind)
    return found


def _loaded(entry: EntryPoint, package: str, kind: type) -> Any:
    where = f"{entry.name!r} ({entry.group}) of the installed package {package}"
    try:
        loaded = entry.load()
        plugin = loaded() if isinstance(loaded, type) else loaded
    except Exception as error:
        raise UsageError(
            f"{where} cannot be loaded: {type(error).__name__}: {error}; update or uninstall that package"
        ) from error
    if not isinstance(plugin, kind):
        raise UsageError(
            f"{where} is no {kind.__name__} but {type(plugin).__name__}, see docs/extending.md; update or uninstall that package"
        )
    if (name := getattr(plugin, "name", entry.name)) != entry.name:
        raise UsageError(f"{where} calls itself {name!r}; update or uninstall that package")
    return plugin
