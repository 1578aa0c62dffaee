"""What is wrong with what was sent, and where? What pydantic found, at places that whoever sent it knows, in words.

Of a value that may be one of several kinds pydantic tells once for each of them, and puts the kind's name behind the place:
``variables.year.str``, ``variables.year.int``, ``not_before.moment``. Here a place ends where what was sent ends, with one fault.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from tlray.service.schemas.batches import IN_WORDS

MAX_ERRORS_TOLD: Final = 100
_SHOULD_BE: Final = "Input should be "
Place = tuple[str | int, ...]


def faults_of(
    errors: Sequence[Mapping[str, Any]], *, of: str = "", sent: object = None
) -> list[tuple[str, str]]:
    """Return what pydantic found, as (place, what is wrong); ``of`` goes before each place.

    ``sent`` is the body that it looked at; of what has no body (a query, a path) the places are taken as they are.
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
        if place not in of_kinds & inside  # another kind fits so far: what is wrong is further inside
    ][:MAX_ERRORS_TOLD]


def _sent_part(loc: Place, sent: object, *, is_missing: bool) -> Place:
    """Return a place without what was not sent: all but the name of a field that is missing."""
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
    return IN_WORDS.get(pattern) or str(error["msg"])


def _either(words: Sequence[str]) -> str:
    """Return in one sentence what each kind of value would have had to be."""
    kinds = [what.removeprefix(_SHOULD_BE) for what in words]
    if len(words) == 1 or not all(what.startswith(_SHOULD_BE) for what in words):
        return "; or ".join(words)
    return f"{_SHOULD_BE}{', '.join(kinds[:-1])} or {kinds[-1]}"
