"""Ray's messages about its cluster on a driver's terminal: retries, dead workers, the last lines of a dead raylet's log.

``log_to_driver=False`` silences workers, not these: Ray subscribes each driver to them and prints them among the driver's own
lines. A lost node fills a screen that way. Progress says in one line what a user has to know; the rest is in Ray's logs.
"""

from __future__ import annotations

from typing import Any

LISTEN = "listen_error_messages"


def quieten() -> None:
    """Let the next connection of this process to Ray print none of them; one that is made without us prints them as ever.

    Ray has no option for it, so a private name of Ray (2.54 to 2.60) is replaced until then; where Ray has it no more they are
    printed.
    """
    from ray._private import worker  # noqa: PLC0415 - Ray is loaded where it is used

    listen = getattr(worker, LISTEN, None)
    if listen is None or getattr(listen, "is_quiet", False):
        return

    def ignore(*_args: Any, **_given: Any) -> None:
        """Run in the place of Ray's listening thread, and end."""
        setattr(worker, LISTEN, listen)

    ignore.is_quiet = True  # type: ignore[attr-defined]
    setattr(worker, LISTEN, ignore)


__all__ = ["quieten"]
