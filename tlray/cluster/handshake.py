"""The first words between a client and a coordinator: the version of each, and whether the coordinator stays.

A coordinator is a detached actor: it keeps the code of the job that started it, however old. A client of another version does not
talk to it: an older coordinator that is idle is replaced, which loses nothing; otherwise `OtherVersion` says how to go on.
An older client never replaces a newer coordinator, or the replicas of a rolling deployment would replace each other's in turns.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any, TypedDict

import ray
from ray.exceptions import ActorDiedError, RayActorError

from tlray import __version__
from tlray.errors import HomeInUse, OtherVersion

PROTOCOL = 1
"""Grows when the calls between client and coordinator change within one version."""
ANSWER_S = 120.0
"""A coordinator may take so long to start: it reads its journal."""
END_S = 150.0
"""The longest that one that ends is waited for; a drain takes a fetch's time limit and a lease."""


class Hello(TypedDict):
    """What a coordinator says of itself; plain values, never classes of tlray, which may differ."""

    version: str
    protocol: int
    incarnation: int
    is_ending: bool
    is_served: bool
    """Whether a service was heard of lately."""
    n_leased: int
    """Items that tasks hold."""
    n_moving: int
    """Batches that go on by themselves."""
    n_drivers: int
    """Commands that watch a batch."""


BEFORE_HANDSHAKES: Hello = {
    "version": "0", "protocol": 0, "incarnation": 0, "is_ending": False, "is_served": False, "n_leased": 0, "n_moving": 0,
    "n_drivers": 0,
}  # fmt: skip
"""Stands for a coordinator of a version that had no `hello` yet."""


def meet(start: Callable[[], Any], home: str) -> Any:
    """Return a coordinator of this version that stays; ``start`` returns the home's, started where there is none.

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


def rank(protocol: int, version: str) -> tuple[int, ...]:
    """Return what versions are compared by: the numbers of the version, then the protocol."""
    numbers = [int(number) for number in re.findall(r"\d+", version)][:3]
    return (*numbers, *[0] * (3 - len(numbers)), protocol)


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
