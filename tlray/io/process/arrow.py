"""Arrow without pandas, in processes that need no frames.

The first list that Arrow makes an array of has it load pandas, to ask whether the list is a pandas object: 29 MB and 0.2 s of
CPU time in every worker. Arrow asks once, and works without pandas if there is none; where a frame is wanted later, or a list
whose type it has to guess, it tries again. See ``_have_pandas_internal`` and ``_check_import`` in Arrow's ``pandas-shim.pxi``.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType


class _NoPandas:
    """Says that pandas is not installed."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name == "pandas":
            raise ModuleNotFoundError(name)
        return None


def without_pandas() -> None:
    """Let Arrow ask now, and find no pandas; nothing changes where it is loaded. Later conversions from and to frames work."""
    import pyarrow as pa  # noqa: PLC0415 - called by those who need it

    if "pandas" in sys.modules:
        return
    finder = _NoPandas()
    sys.meta_path.insert(0, finder)
    try:
        pa.array([], pa.null())
    finally:
        sys.meta_path.remove(finder)
