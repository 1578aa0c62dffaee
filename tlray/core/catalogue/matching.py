"""Matching of the rows of two versions of a set. It is stable under insertion: a row that comes in shifts no other.

1. Rows of the same name that follow each other in the same order are *anchors*: a longest common subsequence (Hunt and
   Szymanski, 1977), so that few rows count as moved.
2. Other rows of the same name, and of the same id, have moved.
3. Between two anchors the rows that are left are aligned by what they may have in common (`_score`): an unknown track and
   the name that it got, a name and its correction. This is how ``ID - ID`` is told from another ``ID - ID``: by its neighbours.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Hashable, Iterator, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from tlray.core.catalogue.names import fits, is_blank, key, similar
from tlray.core.catalogue.version import Row

MAX_ALIKE: Final = 1_024
"""Of rows of one name, so many pairs are considered as anchors; of more, the first with the first, and so on."""
MAX_GAP: Final = 10_000
"""Between two anchors, so many pairs of rows are weighed; of more, only equal rows are matched."""
SAME_CUE_S: Final = 0.5
FAR_S: Final = 90.0
"""An unknown track and a name so far apart are two tracks."""

Pair = tuple[int, int]


class Matching(NamedTuple):
    """The pairs of rows (old, new), counted from 0, in the order of the new version."""

    pairs: Sequence[Pair]
    moved: frozenset[Pair]
    """Those of the pairs that are out of the order of the others."""


def match(old: Sequence[Row], new: Sequence[Row]) -> Matching:
    """Match the rows of two versions."""
    olds = [None if is_blank(row) else key(row) for row in old]
    news = [None if is_blank(row) else key(row) for row in new]
    named = common_subsequence(olds, news)
    named += _leftover(olds, news, named)
    named += _leftover([row.track_id for row in old], [row.track_id for row in new], named)
    pairs = [*named, *_align_gaps(old, new, named)]
    moved = frozenset(pairs) - frozenset(_rising(sorted(pairs)))
    return Matching(sorted(pairs, key=lambda pair: pair[1]), moved)


def common_subsequence(old: Sequence[Hashable | None], new: Sequence[Hashable | None]) -> list[Pair]:
    """Return a longest common subsequence of two lists of keys as pairs of places; None equals nothing."""
    candidates = [
        (i, j) for i, places in enumerate(_candidates(old, new)) for j in sorted(places, reverse=True)
    ]
    return _rising(candidates)


def _candidates(old: Sequence[Hashable | None], new: Sequence[Hashable | None]) -> list[list[int]]:
    """Return for each old place the new places of the same key."""
    of_old, of_new = _places(old), _places(new)
    found: list[list[int]] = [[] for _ in old]
    for value, places in of_old.items():
        others = of_new.get(value, [])
        is_many = len(places) * len(others) > MAX_ALIKE
        for n, i in enumerate(places):
            found[i] = others[n : n + 1] if is_many else others
    return found


def _places(keys: Sequence[Hashable | None]) -> dict[Hashable, list[int]]:
    places: defaultdict[Hashable, list[int]] = defaultdict(list)
    for place, value in enumerate(keys):
        if value is not None:
            places[value].append(place)
    return places


def _rising(pairs: Sequence[Pair]) -> list[Pair]:
    """Return a longest chain of pairs that rises in both places; ``pairs`` rise in the first and fall in the second."""
    ends: list[int] = []
    """The smallest second place at which a chain of this length ends."""
    last: list[int] = []
    """The pair at that end, and before it …"""
    before: list[int] = []
    """… the one that each pair follows; -1: none."""
    for n, (_, j) in enumerate(pairs):
        length = bisect_left(ends, j)
        before.append(last[length - 1] if length else -1)
        if length == len(ends):
            ends.append(j)
            last.append(n)
        else:
            ends[length], last[length] = j, n
    chain = []
    n = last[-1] if last else -1
    while n >= 0:
        chain.append(pairs[n])
        n = before[n]
    return chain[::-1]


def _leftover(
    old: Sequence[Hashable | None], new: Sequence[Hashable | None], pairs: Sequence[Pair]
) -> list[Pair]:
    """Match the rows of the same key that no pair has, the first with the first, and so on."""
    olds, news = {i for i, _ in pairs}, {j for _, j in pairs}
    of_old = _places([None if i in olds else value for i, value in enumerate(old)])
    of_new = _places([None if j in news else value for j, value in enumerate(new)])
    return [
        pair for value, places in of_old.items() for pair in zip(places, of_new.get(value, []), strict=False)
    ]


def _align_gaps(old: Sequence[Row], new: Sequence[Row], named: Sequence[Pair]) -> Iterator[Pair]:
    """Yield pairs of rows that no pair has yet, and that lie between the same two anchors."""
    olds, news = {i for i, _ in named}, {j for _, j in named}
    for (i, j), (next_i, next_j) in pairwise([(-1, -1), *_rising(sorted(named)), (len(old), len(new))]):
        ours = [n for n in range(i + 1, next_i) if n not in olds]
        theirs = [n for n in range(j + 1, next_j) if n not in news]
        if len(ours) * len(theirs) > MAX_GAP:
            equal = common_subsequence([old[n] for n in ours], [new[n] for n in theirs])
            yield from ((ours[a], theirs[b]) for a, b in equal)
        elif ours and theirs:
            yield from _align(old, new, ours, theirs)


def _align(
    old: Sequence[Row], new: Sequence[Row], ours: Sequence[int], theirs: Sequence[int]
) -> Iterator[Pair]:
    """Yield the pairs, in order in both versions, of the highest sum of scores."""
    best = [[0] * (len(theirs) + 1) for _ in range(len(ours) + 1)]
    for a in range(len(ours) - 1, -1, -1):
        for b in range(len(theirs) - 1, -1, -1):
            score = _score(old[ours[a]], new[theirs[b]])
            paired = score + best[a + 1][b + 1] if score else 0
            best[a][b] = max(paired, best[a + 1][b], best[a][b + 1])
    a = b = 0
    while a < len(ours) and b < len(theirs):
        score = _score(old[ours[a]], new[theirs[b]])
        if score and best[a][b] == score + best[a + 1][b + 1]:
            yield ours[a], theirs[b]
            a, b = a + 1, b + 1
        elif best[a][b] == best[a + 1][b]:
            a += 1
        else:
            b += 1


def _score(old: Row, new: Row) -> int:
    """Return how much says that two rows are the same track; 0: they are not."""
    apart_s = None if old.cue_s is None or new.cue_s is None else abs(old.cue_s - new.cue_s)
    is_same_cue = apart_s is not None and apart_s <= SAME_CUE_S
    if old.is_known and new.is_known:
        return 60 if similar(old, new) else 20 * is_same_cue
    if apart_s is not None and apart_s > FAR_S:
        return 0
    if not old.is_known and not new.is_known:
        score = 50 if key(old) == key(new) else 40 * (fits(old, new) or fits(new, old))
    elif new.is_known:
        score = (30 if is_blank(old) else 45) * fits(old, new)
    else:
        score = (20 if is_blank(new) else 35) * fits(new, old)
    return score + 25 * is_same_cue if score else 0
