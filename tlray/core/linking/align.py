"""The rows of several sources of one performance, aligned: which rows are the same track, and where a row of only one goes."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from tlray.core.catalogue.matching import match
from tlray.core.catalogue.names import similar
from tlray.core.catalogue.version import Row
from tlray.model import Identity, Track, TrackKind

Cells = dict[int, Track]
"""One row: the number of a source → its track. The lowest number is that of the source that has the row in its place."""
NEARBY: Final = 5
"""Rows before and after a place in which a row is looked for that has moved and is spelt otherwise."""
KNOWLEDGE: Final = {Identity.ID: 0, Identity.ID_TITLE: 1, Identity.ID_REMIX: 2, Identity.IDENTIFIED: 3}


class Aligned:
    """The rows of a list, source by source; the first source gives the order."""

    def __init__(self, lists: Sequence[Sequence[Track]]) -> None:
        self.rows: list[Cells] = [{0: track} for track in lists[0]]
        self.moved: list[tuple[Cells, int, int]] = []
        """Rows that another source has elsewhere: the row, that source, and its place there, from 1."""
        self.left_out: list[tuple[Cells | None, int, Track]] = []
        """Rows of a source that are not in the list, because another one is there, or what they belong to is not; each behind the
        row at its place. ``ID - ID`` says nothing and is not one of them."""
        for source, tracks in enumerate(lists[1:], 1):
            self._add(source, tracks)

    def _add(self, source: int, tracks: Sequence[Track]) -> None:
        """Align the rows of one more source."""
        rows = self.rows
        matching = match([_known(cells) for cells in rows], [_row(track) for track in tracks])
        of_theirs = {j: i for i, j in matching.pairs}
        of_ours = set(of_theirs.values())
        for i, j in matching.pairs:
            rows[i][source] = tracks[j]
            if (i, j) in matching.moved:
                self.moved.append((rows[i], source, j + 1))
        anchors = [pair for pair in matching.pairs if pair not in matching.moved]
        placed = {tracks[j].index for j in of_theirs}
        made: list[Cells] = []
        for (i, j), (next_i, next_j) in pairwise([(-1, -1), *anchors, (len(rows), len(tracks))]):
            made += rows[max(i, 0) : i + 1]
            ours = rows[i + 1 : next_i]
            n_parts = next((n for n, cells in enumerate(ours) if not _is_part(cells)), len(ours))
            made += ours[:n_parts]  # a row's parts stay behind it
            nearby = rows[max(0, i - NEARBY) : i + NEARBY]
            nearby += rows[max(i + NEARBY, next_i - NEARBY) : next_i + NEARBY]
            alone = [cells for n, cells in enumerate(ours, i + 1) if n not in of_ours and not _is_part(cells)]
            for n in range(j + 1, next_j):
                track = tracks[n]
                if n in of_theirs or track.identity is Identity.ID:
                    continue
                has_parent = track.parent is None or track.parent in placed
                if alone or not has_parent or _has_one_like(nearby, track):
                    place = alone[0] if alone else made[-1] if made else None
                    self.left_out.append((place, source, track))
                else:
                    made.append({source: track})
                    placed.add(track.index)
            made += ours[n_parts:]
        self.rows = made


def best_named(cells: Cells) -> int:
    """Return the source that knows most of a row's name; of those alike, the first."""
    return max(cells, key=lambda source: (KNOWLEDGE[cells[source].identity], -source))


def base_of(cells: Cells) -> int:
    """Return the source that has the row in its place."""
    return min(cells)


def row_of(track: Track, cue: Track) -> Row:
    """Return a track as rows are compared, with the start time of another one. Ids of two sites say nothing of each other."""
    return Row(track.artist, track.title, track.identity, cue.cue_s, cue.cue_precision, track.labels)


def _known(cells: Cells) -> Row:
    """Return what is known of a row."""
    track = cells[best_named(cells)]
    return row_of(track, next((cells[s] for s in sorted(cells) if cells[s].cue_s is not None), track))


def _row(track: Track) -> Row:
    return row_of(track, track)


def _has_one_like(rows: Sequence[Cells], track: Track) -> bool:
    """True if a row may be another spelling of a track, in another place."""
    row = _row(track)
    return row.is_known and any(known.is_known and similar(known, row) for known in map(_known, rows))


def _is_part(cells: Cells) -> bool:
    return cells[base_of(cells)].kind is not TrackKind.MAIN
