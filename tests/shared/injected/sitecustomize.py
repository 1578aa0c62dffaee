"""Faults that tests inject into the processes of a Ray. Python imports this at its start where the folder is on PYTHONPATH.

``TLRAY_TEST_CLOCK`` names a file that holds the seconds by which the wall clock is wrong for tlray.
``TLRAY_TEST_POISON`` names a file that holds ``KIND:WORD,WORD…``, or nothing. A process that reads a page (or a robots.txt)
with such a word in it

* ``segfault``: reads address 0, as a broken C library does;
* ``hang``: is stuck for minutes in C code that keeps Python's lock.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

_CLOCK, _POISON = os.environ.get("TLRAY_TEST_CLOCK"), os.environ.get("TLRAY_TEST_POISON")
_PATCHED = {"tlray.io.worker.classify": "parse_page", "tlray.io.worker.robots": "decode"}
"""Module → what it calls with the bytes to be read."""


def _shift_clock(path: str) -> None:
    file, true_time = os.open(path, os.O_RDONLY), time.time

    def shifted() -> float:
        # Only for tlray: Ray Serve waits until then where its own clock was ahead.
        caller = sys._getframe().f_back  # None below compiled code of Ray's
        is_ours = caller is not None and str(caller.f_globals.get("__name__")).startswith("tlray")
        return true_time() + (float(os.pread(file, 32, 0) or 0) if is_ours else 0.0)

    time.time = shifted


def _die(kind: str) -> None:
    import ctypes  # noqa: PLC0415

    if kind == "segfault":
        ctypes.string_at(0)
    else:
        ctypes.PyDLL(None).sleep(600)  # with Python's lock, and at no cost of CPU time


class _Poisoner(importlib.abc.MetaPathFinder):
    def __init__(self, file: str) -> None:
        self._file = Path(file)

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
                kind, _, words = self._file.read_text(encoding="utf-8").partition(":")
                bodies = [value for value in given if isinstance(value, bytes)]
                if words and any(word.encode() in body for word in words.split(",") for body in bodies):
                    _die(kind)
                return read(*given, **more)

            setattr(module, _PATCHED[name], poisoned)

        spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


if _CLOCK:
    _shift_clock(_CLOCK)
if _POISON:
    sys.meta_path.insert(0, _Poisoner(_POISON))
