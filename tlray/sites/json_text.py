"""JSON of strangers, bounded: how deep, and how many values."""

from __future__ import annotations

import codecs
import json
import re
from typing import Any

MAX_VALUES = 4_000_000
MAX_NUMBER = 1e11
"""Three thousand years in seconds, three in milliseconds: nothing that sites count is larger."""
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (codecs.BOM_UTF8, "utf-8-sig"),
)
_ZEROS = {
    (0, 1, 0, 1): "utf-16-be",
    (1, 0, 1, 0): "utf-16-le",
    (0, 0, 0, 1): "utf-32-be",
    (1, 0, 0, 0): "utf-32-le",
}
_ESCAPE = re.compile(r'\\(?:(["\\/bfnrt]|u[0-9A-Fa-f]{4}))?')


def unicode_encoding(head: bytes) -> str | None:
    """Return the Unicode encoding that a file shows by its byte order mark, or by the zeros of its first two characters."""
    marked = next((name for mark, name in _MARKS if head.startswith(mark)), None)
    return marked or _ZEROS.get(tuple(int(byte != 0) for byte in head[:4]))  # type: ignore[arg-type]


class BadJsonError(Exception):
    """The file is no JSON that is read; the text is the reason."""


def load(body: bytes, *, is_lenient: bool = False) -> Any:
    """Return what a JSON text holds; BadJsonError says why it is not read.

    ``is_lenient``: a backslash before any other character than JSON escapes stands for itself, as writers of JSON-LD mean it, and
    control characters may stand in strings.
    """
    if body.count(b",") + body.count(b"[") + body.count(b"{") > MAX_VALUES:
        raise BadJsonError("JSON of too many values")
    try:
        text = body.decode(unicode_encoding(body) or "utf-8")
        if not is_lenient:
            return json.loads(text)
        return json.loads(_ESCAPE.sub(lambda found: found[0] if found[1] else "\\\\", text), strict=False)
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
    """Return a number that is neither negative nor absurdly large; None for anything else."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            found = float(value)
        except OverflowError:
            return None
        return found if 0 <= found <= MAX_NUMBER else None  # NaN is not within either
    return None
