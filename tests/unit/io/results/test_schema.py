"""The columns are the contract: every field of the model, under its own name."""

from __future__ import annotations

from dataclasses import fields

import pyarrow as pa

from tlray.io.results.schema import KEYS, TRACKLISTS, TRACKS
from tlray.model import Track, Tracklist


def test_tracklists_has_every_field_of_a_set_but_its_tracks() -> None:
    own = [f.name for f in fields(Tracklist) if f.name != "tracks"]
    assert TRACKLISTS.names == [*KEYS, "fingerprint", *own]


def test_tracks_has_every_field_of_a_track_behind_the_key_columns_of_its_set() -> None:
    of_set = ["url", "site", "source_id", "set_title", "set_date", "set_djs"]
    assert TRACKS.names == [*KEYS, *of_set, *(f.name for f in fields(Track))]


def test_no_column_is_of_type_null_and_a_name_means_the_same_in_both() -> None:
    assert pa.null() not in TRACKLISTS.types + TRACKS.types
    both = (set(TRACKLISTS.names) & set(TRACKS.names)) - {"title", "genres", "duration_s"}
    assert all(TRACKLISTS.field(name) == TRACKS.field(name) for name in both)


def test_what_the_model_cannot_leave_unknown_is_not_nullable() -> None:
    for model, schema in ((Tracklist, TRACKLISTS), (Track, TRACKS)):
        for field in fields(model):
            if field.name != "tracks":
                assert schema.field(field.name).nullable == ("None" in str(field.type)), field.name
