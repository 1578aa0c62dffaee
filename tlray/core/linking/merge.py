"""One set made of those that are one performance: each field of the source that knows it best, with the source's name.

The first source is the one with the most named rows; it gives the list and its order, title and address. Of what sources say
differently, the majority counts, and of a tie the first source; the rest is listed as conflicts. Nothing is averaged.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any, Final

from tlray.core.catalogue.names import words
from tlray.core.linking.align import KNOWLEDGE, Aligned, Cells, base_of, best_named
from tlray.core.linking.cues import choose_cues, cue_order, differing
from tlray.core.linking.performance import track_key
from tlray.core.model.merged import OF_ROW, OF_SET, Conflict, MergedTrack, MergedTracklist
from tlray.core.model.quality import assess
from tlray.model import CuePrecision, Identity, Track, TrackKind, Tracklist

Source = tuple[str, Tracklist]
"""``site:source_id``, and the set as that source has it."""
_NO_CUE: Final = {"cue_s": None, "cue_precision": CuePrecision.UNKNOWN, "cue_text": None}
_PLAIN: Final = tuple(name for name in OF_ROW if name not in {"name", "cue", "labels"})
_SET_FIELDS: Final = tuple(f.name for f in fields(Tracklist))
_TRACK_FIELDS: Final = tuple(f.name for f in fields(Track))


def merge(sources: Sequence[Source]) -> MergedTracklist:
    """Return a performance as all of its sources together know it; of a single source, that set as it is."""
    ranked = sorted(sources, key=_rank)
    merger = _Merger([name for name, _ in ranked], [tracklist for _, tracklist in ranked])
    return merger.merged()


def _rank(source: Source) -> tuple[object, ...]:
    name, tracklist = source
    n_named = sum(track.identity is Identity.IDENTIFIED for track in tracklist.tracks)
    n_cued = sum(track.cue_s is not None for track in tracklist.tracks)
    return -n_named, -n_cued, -(tracklist.quality or 0.0), name


class _Merger:
    """One performance."""

    def __init__(self, names: list[str], sets: list[Tracklist]) -> None:
        self._names, self._sets = names, sets
        self._conflicts: list[Conflict] = []
        self._aligned = Aligned([tracklist.tracks for tracklist in sets])
        self._cue_order = cue_order([tracklist.tracks for tracklist in sets])

    def merged(self) -> MergedTracklist:
        """Return the result."""
        values = {name: getattr(self._sets[0], name) for name in _SET_FIELDS}
        sources_of = dict(self._of_set(values))
        values["tracks"] = tracks = self._tracks()
        merged = MergedTracklist(
            **values, merged_from=self._names, sources_of=sources_of, conflicts=self._conflicts
        )
        if len(self._sets) > 1:
            merged.track_count = len(tracks)
            merged.identified_count = sum(track.identity is Identity.IDENTIFIED for track in tracks)
            merged.cued_count = sum(track.cue_s is not None for track in tracks)
            merged.licence, merged.attribution = self._all("licence"), self._all("attribution")
            derived = assess(replace(self._sets[0], quality_issues=[]))[1]
            merged.quality_issues = [i for i in merged.quality_issues if i not in derived]  # its parser's own
            merged.quality, merged.quality_issues = assess(merged)
        return merged

    def _all(self, field: str) -> str | None:
        """Return what all sources ask for together, such as their licences."""
        return "; ".join(dict.fromkeys(text for one in self._sets if (text := getattr(one, field)))) or None

    def _of_set(self, values: dict[str, Any]) -> Iterator[tuple[str, str]]:
        """Choose the fields of the set; yield each with its source."""
        for field in OF_SET:
            known = {n: v for n, one in enumerate(self._sets) if (v := getattr(one, field)) not in (None, [])}
            if field in {"duration_s", "recordings"}:  # they belong to the start times
                known = {n: known[n] for n in [*self._cue_order, *known] if n in known}
            if not known:
                continue
            key = _SET_KEYS.get(field)
            source = next(iter(known)) if key is None else self._vote(field, None, known, key)
            values[field] = known[source]
            yield field, self._names[source]

    def _tracks(self) -> list[Track]:
        """Return the rows."""
        rows = self._aligned.rows
        cues = choose_cues(rows, self._cue_order)
        places = {
            (source, track.index): n for n, cells in enumerate(rows, 1) for source, track in cells.items()
        }
        number_of = {id(cells): n for n, cells in enumerate(rows, 1)}
        made: list[Track] = [
            self._track(index, cells, cue, places)
            for index, (cells, cue) in enumerate(zip(rows, cues, strict=True), 1)
        ]
        for cells, source, place in self._aligned.moved:
            index = number_of[id(cells)]
            self._note("order", index, {base_of(cells): str(index), source: str(place)})
        for behind, source, track in self._aligned.left_out:
            self._note("row", None if behind is None else number_of[id(behind)], {source: _name(track)})
        return made

    def _track(
        self, index: int, cells: Cells, cue: int | None, places: Mapping[tuple[int, int], int]
    ) -> MergedTrack:
        """Return one row."""
        base = base_of(cells)
        of_base = cells[base]
        values = {name: getattr(of_base, name) for name in _TRACK_FIELDS}
        chosen: dict[str, int | None] = {
            "name": self._source_of_name(index, cells),
            "cue": self._source_of_cue(index, cells, cue),
            "labels": self._source_of_labels(index, cells),
        }
        for group in _PLAIN:
            field = OF_ROW[group][0]
            chosen[group] = next(
                (n for n in sorted(cells) if getattr(cells[n], field) not in (None, [])), None
            )
        for group, source in chosen.items():
            if source is not None:
                values |= {field: getattr(cells[source], field) for field in OF_ROW[group]}
        if cue is None and of_base.cue_s is not None:  # it fits no other
            values |= _NO_CUE
        if cue is None and self._cue_order:
            values["recording"] = getattr(cells.get(self._cue_order[0]), "recording", None)
        parent = None if of_base.parent is None else places.get((base, of_base.parent))
        values |= {"index": index, "number": of_base.number if base == 0 else None, "parent": parent}
        if parent is None:
            values["kind"] = TrackKind.MAIN if of_base.parent is not None else of_base.kind
        named = {group: self._names[source] for group, source in chosen.items() if source is not None}
        return MergedTrack(**values, sources_of=named)

    def _source_of_name(self, index: int, cells: Cells) -> int:
        knowledge = KNOWLEDGE[cells[best_named(cells)].identity]
        known = {n: cells[n] for n in sorted(cells) if KNOWLEDGE[cells[n].identity] == knowledge}
        return self._vote("name", index, known, lambda track: track_key(track.artist, track.title), _name)

    def _source_of_cue(self, index: int, cells: Cells, chosen: int | None) -> int | None:
        if others := list(differing(cells, chosen)):
            self._note(
                "cue", index, {n: _seconds(cells[n]) for n in ([] if chosen is None else [chosen]) + others}
            )
        return chosen

    def _source_of_labels(self, index: int, cells: Cells) -> int | None:
        known = {n: cells[n].labels for n in sorted(cells) if cells[n].labels}
        return self._vote("labels", index, known, _words_of_all) if known else None

    def _vote(
        self,
        field: str,
        index: int | None,
        known: Mapping[int, Any],
        key: Callable[[Any], Hashable],
        text: Callable[[Any], str] | None = None,
    ) -> int:
        """Return the source of what most say; note a conflict if not all say the same."""
        if len(known) == 1:
            return min(known)
        keys = {n: key(value) for n, value in known.items()}
        counts = Counter(keys.values())
        first: int = max(keys, key=lambda n: (counts[keys[n]], -n))
        if len(counts) > 1:
            self._note(field, index, {n: (text or _text)(value) for n, value in known.items()})
        return first

    def _note(self, field: str, index: int | None, values: Mapping[int, str]) -> None:
        self._conflicts.append(Conflict(field, index, {self._names[n]: value for n, value in values.items()}))


def _words_of_all(texts: Sequence[str]) -> Hashable:
    return frozenset(words(text) for text in texts)


_SET_KEYS: Final[Mapping[str, Callable[[Any], Hashable]]] = {
    "date": lambda day: day,
    "djs": _words_of_all,
    "is_live": lambda claim: claim,
    "published": lambda day: day,
}
"""The fields that sources can contradict each other in. A title is each site's own wording."""


def _name(track: Track) -> str:
    return f"{track.artist} - {track.title}"


def _text(value: Any) -> str:
    return "/".join(value) if isinstance(value, list) else str(value)


def _seconds(track: Track) -> str:
    return str(round(track.cue_s or 0.0, 3)).removesuffix(".0")
