"""Faults of a request, from pydantic's errors: one fault for each place in the request.

For a union pydantic reports one error for each member and appends the member's name to the place: ``variables.year.str``,
``variables.year.int``, ``not_before.moment``. Here the place is that of the value in the request, with one fault for all members.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from tlray.service.schemas.batches import IN_WORDS

MAX_FAULTS_SHOWN: Final = 100
_SHOULD_BE: Final = "Input should be "
_IN_JSON: Final = {
    "dict_type": "Input should be an object",
    "list_type": "Input should be a valid array",
    "model_attributes_type": "Input should be an object",
}
"""Messages of pydantic in the terms of JSON instead of Python, by error type."""
Place = tuple[str | int, ...]


def faults_of(
    errors: Sequence[Mapping[str, Any]], *, of: str = "", sent: object = None
) -> list[tuple[str, str]]:
    """Return pydantic's errors as (place, what is wrong); ``of`` is put before each place.

    ``sent`` is the validated body; without it (a query, a path) places are used as they are.
    """
    found: dict[Place, list[str]] = {}
    of_kinds: set[Place] = set()
    for error in errors:
        loc = tuple(error["loc"])
        place = loc if sent is None else _sent_part(loc, sent, is_missing=error["type"] == "missing")
        if len(place) < len(loc):
            of_kinds.add(place)
        words = found.setdefault(place, [])
        if (what := _in_words(error)) not in words:
            words.append(what)
    inside = {place[:n] for place in found for n in range(len(place))}
    return [
        (".".join(map(str, (of, *place) if of else place)), _either(words))
        for place, words in found.items()
        if place not in of_kinds & inside  # another member fits so far: its fault is further inside
    ][:MAX_FAULTS_SHOWN]


def _sent_part(loc: Place, sent: object, *, is_missing: bool) -> Place:
    """Return a place without the parts that are not in the request, but with the name of a missing field."""
    kept: list[str | int] = []
    for n, part in enumerate(loc, 1):
        is_field = isinstance(sent, dict) and part in sent
        if is_field or (isinstance(sent, list) and isinstance(part, int) and part < len(sent)):
            sent = sent[part]  # type: ignore[index]
        elif not (is_missing and n == len(loc)):
            continue
        kept.append(part)
    return tuple(kept)


def _in_words(error: Mapping[str, Any]) -> str:
    pattern = error.get("ctx", {}).get("pattern")
    return IN_WORDS.get(pattern) or _IN_JSON.get(error["type"]) or str(error["msg"])


def _either(words: Sequence[str]) -> str:
    """Join what each member of a union expects."""
    kinds = [what.removeprefix(_SHOULD_BE) for what in words]
    if len(words) == 1 or not all(what.startswith(_SHOULD_BE) for what in words):
        return "; or ".join(words)
    return f"{_SHOULD_BE}{', '.join(kinds[:-1])} or {kinds[-1]}"
