"""JSON of strangers, bounded: how deep, and how many values."""

from __future__ import annotations

import json
import math
from typing import Any

from tlray.readers.sniff import unicode_encoding

MAX_VALUES = 4_000_000


class BadJsonError(Exception):
    """The file is no JSON that is read; the text is the reason."""


def load(body: bytes) -> Any:
    """Return what a JSON text holds; BadJsonError says why it is not read."""
    if body.count(b",") + body.count(b"[") + body.count(b"{") > MAX_VALUES:
        raise BadJsonError("JSON of too many values")
    try:
        return json.loads(body.decode(unicode_encoding(body) or "utf-8"))
    except RecursionError:
        raise BadJsonError("JSON nested too deep") from None
    except UnicodeDecodeError:
        raise BadJsonError("JSON in no Unicode encoding") from None
    except ValueError as error:
        raise BadJsonError(f"not whole JSON: {str(error)[:120]}") from None


def string(value: Any) -> str:
    """Return a string as it is, without half surrogate pairs; "" for anything else."""
    return value.encode("utf-8", "replace").decode().strip() if isinstance(value, str) else ""


def number(value: Any) -> float | None:
    """Return a finite number that is not negative; None for anything else."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            found = float(value)
        except OverflowError:
            return None
        return found if math.isfinite(found) and found >= 0 else None
    return None
