"""The first words of a coordinator to a client: its version, how busy it is, and whether it stays.

A coordinator is a detached actor: it keeps the code of the job that started it, however old. So the words are plain values, which
every version of tlray can read. `tlray.cluster.driver.connect` has the client's side.
"""

from __future__ import annotations

import re
from typing import TypedDict

PROTOCOL = 9
"""Grows when the calls between client and coordinator change within one version."""


class Hello(TypedDict):
    """The description of a coordinator; plain values, never classes of tlray, which may differ."""

    version: str
    protocol: int
    incarnation: int
    is_ending: bool
    is_served: bool
    """True if a service was heard of lately."""
    n_leased: int
    """Items that tasks hold."""
    n_moving: int
    """Batches that go on by themselves."""
    n_drivers: int
    """Commands that watch a batch."""
    settings: dict[str, float | str]
    """What all batches of the home share (`tlray.cluster.coordinator.state.CoordinatorSettings.shared`)."""


BEFORE_HANDSHAKES: Hello = {
    "version": "0", "protocol": 0, "incarnation": 0, "is_ending": False, "is_served": False, "n_leased": 0, "n_moving": 0,
    "n_drivers": 0, "settings": {},
}  # fmt: skip
"""Stands for a coordinator of a version that had no `hello` yet."""


def rank(protocol: int, version: str) -> tuple[int, ...]:
    """Return what versions are compared by: the numbers of the version, then the protocol."""
    numbers = [int(number) for number in re.findall(r"\d+", version)][:3]
    return (*numbers, *[0] * (3 - len(numbers)), protocol)
