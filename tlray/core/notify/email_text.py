"""What does a notice say to a person? A subject and a few lines of plain text, made of what a program would be told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tlray.core.notify.notification import NoticeKind

_HEADS = {
    NoticeKind.COMPLETED: "{name} is complete: {succeeded} of {total} sets, {dead} dead letters",
    NoticeKind.CANCELLED: "{name} was cancelled: {succeeded} of {total} sets are kept",
    NoticeKind.DEAD_LETTERS: "{name} has dead letters",
    NoticeKind.BLOCKED: "{name}: {domain} blocks",
}
_WORDS = {
    NoticeKind.COMPLETED: "Nothing of this batch is left to do.",
    NoticeKind.CANCELLED: "It was cancelled; what it had fetched stays.",
    NoticeKind.DEAD_LETTERS: "Some of its pages cannot be had. It goes on with the others; its end tells how many they became.",
    NoticeKind.BLOCKED: "{domain} answers with a block ({reason}). tlray leaves it alone for a while, then goes on by itself.",
}


def letter(said: Mapping[str, Any]) -> tuple[str, str]:
    """Return subject and text of a notice, of what its webhook says (``type``, ``timestamp``, ``data``)."""
    kind, data = NoticeKind(said["type"]), said["data"]
    counts = data["counts"]
    words = {
        "name": data["name"] or f"batch {data['batch_id']}",
        "total": data["total"],
        "succeeded": counts.get("succeeded", 0),
        "dead": counts.get("dead", 0),
        "domain": data.get("domain", ""),
        "reason": data.get("reason", ""),
    }
    lines = [_WORDS[kind].format(**words), "", f"batch {data['batch_id']}, {data['state']}"]
    lines += [f"{n:>10,}  {state}" for state, n in counts.items() if n]
    lines += _dead(data.get("dead_letters", ()))
    return "tlray: " + _HEADS[kind].format(**words), "\n".join(lines) + "\n"


def _dead(letters: Iterable[Mapping[str, Any]]) -> list[str]:
    found = [f"{letter['url']}\n    {letter['reason'] or 'no reason is on record'}" for letter in letters]
    return ["", "The first dead letters:", *found] if found else []
