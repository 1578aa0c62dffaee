"""The client's side of the handshake: it finds or starts a coordinator of its own version that stays.

A client of another version does not talk to a coordinator: an older one that is idle is replaced, which loses nothing;
otherwise `OtherVersion` says how to go on. An older client never replaces a newer coordinator, or the replicas of a rolling
deployment would replace each other's in turns.

A client that asks for settings that all batches of a home share, and for others than the coordinator runs with, gets
`OtherSettings`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import ray
from ray.exceptions import ActorDiedError, RayActorError

from tlray.cluster.coordinator.handshake import BEFORE_HANDSHAKES, PROTOCOL, Hello, rank
from tlray.errors import HomeInUse, OtherSettings, OtherVersion
from tlray.version import __version__

ANSWER_S = 120.0
"""A coordinator may take so long to start: it reads its journal."""
END_S = 150.0
"""The longest that one that ends is waited for; a drain takes a fetch's time limit and a lease."""


def meet(start: Callable[[], Any], home: str, asked: Mapping[str, float | str]) -> Any:
    """Return a coordinator of this version that stays; ``start`` returns the home's, started where there is none. ``asked`` are
    the shared settings that somebody has set.

    One that is ending is waited for, and another started. ``RayActorError`` where it cannot start.
    """
    deadline = time.monotonic() + END_S
    n_lost = 0
    while True:
        coordinator = start()
        try:
            hello = hello_of(coordinator)
            is_ending = hello["is_ending"] or is_replaced(coordinator, hello, home)
        except RayActorError as error:
            n_lost += 1  # it was ending before it could say so
            if "creation task" in str(error) or n_lost > 3:
                raise
            time.sleep(0.5)
            continue
        if not is_ending:
            require_settings(hello, asked, home)
            return coordinator
        if not wait_for_end(coordinator, deadline):
            raise HomeInUse(home, "a coordinator that is ending and takes its time")


def hello_of(coordinator: Any, *, timeout_s: float = ANSWER_S) -> Hello:
    """Ask a coordinator who it is."""
    if not hasattr(coordinator, "hello"):
        return BEFORE_HANDSHAKES
    told: Hello = ray.get(coordinator.hello.remote(), timeout=timeout_s)
    return told


def is_replaced(coordinator: Any, hello: Hello, home: str) -> bool:
    """Return whether the coordinator ends to make room for one of our version; `OtherVersion` where it must not."""
    theirs, ours = rank(hello["protocol"], hello["version"]), rank(PROTOCOL, __version__)
    if theirs == ours:
        return False
    is_older = theirs < ours
    if (
        is_older
        and hasattr(coordinator, "end")
        and ray.get(coordinator.end.remote("if-idle"), timeout=ANSWER_S)
    ):
        return True
    raise OtherVersion(home, hello["version"], __version__, is_older)


def require_settings(hello: Hello, asked: Mapping[str, float | str], home: str) -> None:
    """Raise `OtherSettings` where settings are asked for that the coordinator does not run with."""
    runs = hello["settings"]
    other = [name for name, value in asked.items() if value != runs.get(name, value)]
    if other:
        raise OtherSettings(home, _spelt(asked, other), _spelt(runs, other))


def _spelt(settings: Mapping[str, float | str], names: list[str]) -> str:
    return ", ".join(f"TLRAY_{name.upper()}={_word(settings[name])}" for name in names)


def _word(value: float | str) -> str:
    return (value or "(unset)") if isinstance(value, str) else f"{value:.12g}"


def wait_for_end(coordinator: Any, deadline: float) -> bool:
    """Wait until a coordinator that is ending has ended; False where it has not by ``deadline`` (monotonic)."""
    while time.monotonic() < deadline:
        try:
            hello_of(coordinator)
        except ActorDiedError:
            return True
        except RayActorError:  # not reached just now
            pass
        time.sleep(0.2)
    return False
