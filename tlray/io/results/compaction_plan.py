"""The plan of a compaction: which small parts become one large one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PartSize:
    """A published part as the manifest knows it."""

    stem: str
    n_bytes: int


def plan(
    parts: Sequence[PartSize], *, target_bytes: int, max_parts: int = 256, is_final: bool = False
) -> list[tuple[str, ...]]:
    """Group neighbouring parts into merges of about ``target_bytes``, at most ``max_parts`` each.

    Parts of half the target or more are left alone. A group that is not full waits for more parts, so
    that every byte is merged about once, unless ``is_final``: no more will come.
    """
    groups: list[tuple[str, ...]] = []
    group: list[str] = []
    n_bytes = 0
    for part in parts:
        if 2 * part.n_bytes >= target_bytes:
            continue
        group.append(part.stem)
        n_bytes += part.n_bytes
        if n_bytes >= target_bytes or len(group) == max_parts:
            groups.append(tuple(group))
            group, n_bytes = [], 0
    if is_final:
        groups.append(tuple(group))
    return [stems for stems in groups if len(stems) > 1]
