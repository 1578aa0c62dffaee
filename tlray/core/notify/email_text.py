"""The text of a notification's e-mail: a subject and a few lines, from the data of its webhook."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tlray.core.model.amounts import plural
from tlray.core.notify.notification import NotificationKind

_HEADS = {
    NotificationKind.COMPLETED: "{name} is complete: {succeeded} of {sets}, {dead_letters}",
    NotificationKind.CANCELLED: "{name} was cancelled: {succeeded} of {sets} kept",
    NotificationKind.DEAD_LETTERS: "{name} has dead letters",
    NotificationKind.BLOCKED: "{name}: {domain} blocks",
    NotificationKind.CHANGED: "{name}: sets have changed",
}
_WORDS = {
    NotificationKind.COMPLETED: "Nothing of this batch is left to do.",
    NotificationKind.CANCELLED: "It was cancelled; what it had fetched stays.",
    NotificationKind.DEAD_LETTERS: "Some of its pages could not be fetched. The batch goes on; its last notice counts them.",
    NotificationKind.CHANGED: "Some of its sets are not as they were before.",
    NotificationKind.BLOCKED: "{domain} answers with a block page ({reason}). tlray waits, then goes on by itself.",
}


def letter(said: Mapping[str, Any]) -> tuple[str, str]:
    """Return subject and text of a notification, from its webhook's data (``type``, ``timestamp``, ``data``)."""
    kind, data = NotificationKind(said["type"]), said["data"]
    counts = data["counts"]
    words = {
        "name": data["name"] or f"batch {data['batch_id']}",
        "sets": plural(data["total"], "set"),
        "succeeded": f"{counts.get('succeeded', 0):,}",
        "dead_letters": plural(counts.get("dead", 0), "dead letter"),
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
