"""Results of checks, and how they are run: all at once, each within a time limit. No text of a foreign error is shown."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from tlray.core.model.printable import one_line
from tlray.errors import TlrayError

LIMIT_S: Final = 12.0
"""The longest that all checks together may take. A server is asked for less; the rest is for a slow machine."""
MAX_CHARS: Final = 500


class Grade(StrEnum):
    """How one part of a set-up stands."""

    OK = "ok"
    WARNING = "warning"
    """It works, but somebody should look."""
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Result:
    """What a check found, in one line, and in another one how to correct it."""

    grade: Grade
    what: str
    hint: str = ""


Check = Callable[[], Result]


def ok(what: str) -> Result:
    """Return the result of a part that works, or that is not used."""
    return Result(Grade.OK, what)


def warning(what: str, hint: str) -> Result:
    """Return the result of a part that works, and that somebody should look at."""
    return Result(Grade.WARNING, what, hint)


def failed(what: str, hint: str) -> Result:
    """Return the result of a part that does not work."""
    return Result(Grade.FAILED, what, hint)


def examine(
    checks: Mapping[str, Check], *, limit_s: float = LIMIT_S, late: Mapping[str, str] | None = None
) -> dict[str, Result]:
    """Run all checks at once and return their results in the order of ``checks``; one that takes too long has failed.

    ``late`` says by a check's name, or its first word, what to do then.
    """
    results: dict[str, Result] = {}

    def run(name: str, check: Check) -> None:
        results[name] = _printable(_result_of(check))

    threads = [
        threading.Thread(target=run, args=one, name=f"doctor {one[0]}", daemon=True) for one in checks.items()
    ]
    deadline = time.monotonic() + limit_s
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    hints = late or {}
    return {
        name: results.get(name) or _late(limit_s, hints.get(name.partition(" ")[0], _LATE)) for name in checks
    }


_LATE: Final = "see that this machine is not overloaded, and that its file systems answer (`df`)"


def _late(limit_s: float, hint: str) -> Result:
    return failed(f"not done within {limit_s:g} s", hint)


def _result_of(check: Check) -> Result:
    try:
        return check()
    except TlrayError as error:  # its text says how to correct it, and has no secret
        what, _, hint = str(error).partition("; ")
        return failed(what, hint)
    except Exception as error:  # noqa: BLE001 - the text of a foreign error may quote a password
        return failed(f"the check itself failed ({type(error).__name__})", "a bug of tlray: please report it")


def _printable(result: Result) -> Result:
    return Result(result.grade, one_line(result.what)[:MAX_CHARS], one_line(result.hint)[:MAX_CHARS])
