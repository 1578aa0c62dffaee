"""Tracks and sets made of what a source says."""

from __future__ import annotations

from tlray.core.model.tracklists import make_set, make_track
from tlray.model import CuePrecision, Identity, TrackKind


def test_what_a_source_does_not_say_is_filled_in() -> None:
    first = make_track(1, "Oto", "Tide", cue_s=0.0)
    second = make_track(2, "ID", "ID", identity=Identity.ID, kind=TrackKind.WITH, number=None)
    assert (first.number, first.text, first.cue_precision) == (1, "Oto - Tide", CuePrecision.SECOND)
    assert (second.number, second.kind, second.cue_precision) == (None, TrackKind.WITH, CuePrecision.UNKNOWN)
    made = make_set([first, second], title="Show", url="", site="pier", source_id=None, parser="pier/1")
    assert (made.track_count, made.identified_count, made.cued_count) == (2, 1, 1)
