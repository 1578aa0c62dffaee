"""Objects of installed packages: loaded by name, and refused with the package's name where they are not what they should be."""

from __future__ import annotations

from importlib.metadata import Distribution, EntryPoint, EntryPoints
from pathlib import Path
from typing import Any

import pytest

from tlray import plugins
from tlray.errors import UsageError

SHIPPED = {"one": "collections:OrderedDict"}


def offered(monkeypatch: pytest.MonkeyPatch, folder: Path, *entries: tuple[str, str, str]) -> None:
    """Let packages offer (package, name, value)."""
    found = []
    for package, name, value in entries:
        info = folder / f"{package}-1.0.dist-info"
        info.mkdir(exist_ok=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
        found.append(EntryPoint(name, value, "tlray.tests")._for(Distribution.at(info)))  # type: ignore[attr-defined]
    monkeypatch.setattr(plugins, "entry_points", lambda group: EntryPoints(found).select(group=group))


def load() -> dict[str, Any]:
    return plugins.load("tlray.tests", SHIPPED, dict)


def test_shipped_ones_need_no_installed_package(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    offered(monkeypatch, tmp_path)
    assert list(load()) == ["one"]


def test_installed_ones_come_first_and_take_the_place_of_shipped_ones(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    offered(monkeypatch, tmp_path, ("pier", "two", "collections:Counter"))
    assert list(load()) == ["two", "one"]
    offered(monkeypatch, tmp_path, ("pier", "one", "collections:Counter"))
    assert [type(value).__name__ for value in load().values()] == ["Counter"]


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (
            "no_such_module:Thing",
            "cannot be loaded: ModuleNotFoundError: No module named 'no_such_module'; update",
        ),
        ("collections:NoSuchThing", "cannot be loaded: AttributeError"),
        ("types:CoroutineType", "cannot be loaded: TypeError"),
        ("collections:deque", "is no dict but deque, see docs/extending.md; update or uninstall"),
    ],
)
def test_one_that_is_broken_is_named_with_its_package(
    value: str, reason: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    offered(monkeypatch, tmp_path, ("pier", "two", value))
    with pytest.raises(UsageError) as caught:
        load()
    assert f"'two' (tlray.tests) of the installed package pier 1.0 {reason}" in str(caught.value)


def test_a_name_that_two_packages_offer_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    offered(monkeypatch, tmp_path, ("pier", "two", "builtins:dict"), ("quay", "two", "builtins:dict"))
    with pytest.raises(
        UsageError, match=r"pier 1\.0 and quay 1\.0 both offer 'two' \(tlray\.tests\); uninstall"
    ):
        load()
