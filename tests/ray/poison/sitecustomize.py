"""Python reads this at its start where the folder is on PYTHONPATH: pages that kill who reads them, for tests.

``TLRAY_TEST_POISON`` is ``KIND:WORD,WORD…``; who reads a page (or a robots.txt) with such a word in it

* ``segfault``: reads address 0, as a broken C library does;
* ``hang``: is stuck in C code that lets nothing else of the process run, for minutes.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import os
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Any

_KIND, _, _WORDS = os.environ.get("TLRAY_TEST_POISON", "").partition(":")
_PATCHED = {"tlray.io.page_outcome": "for_page", "tlray.io.robots_fetch": "decode"}
"""Module → what it calls with the bytes to be read."""


def _die() -> None:
    if _KIND == "segfault":
        import ctypes  # noqa: PLC0415

        ctypes.string_at(0)
    else:
        import re  # noqa: PLC0415

        re.match(r"(a+)+$", "a" * 60 + "b")


class _Poisoner(importlib.abc.MetaPathFinder):
    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name not in _PATCHED:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path)
        if spec is None or spec.loader is None:
            return None
        run = spec.loader.exec_module

        def exec_module(module: ModuleType) -> None:
            run(module)
            read = getattr(module, _PATCHED[name])

            def poisoned(*given: Any, **more: Any) -> Any:
                bodies = [value for value in given if isinstance(value, bytes)]
                if any(word.encode() in body for word in _WORDS.split(",") for body in bodies):
                    _die()
                return read(*given, **more)

            setattr(module, _PATCHED[name], poisoned)

        spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


if _WORDS:
    sys.meta_path.insert(0, _Poisoner())
