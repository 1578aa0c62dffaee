"""The table of formats and what stands behind each."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_sets import any_set, cued

from tlray.errors import UsageError
from tlray.export import formats
from tlray.export.files import files_of
from tlray.export.interface import ExportFile, Format, LeftOut
from tlray.export.options import CueOptions, Over99
from tlray.model import CuePrecision, Tracklist


def test_an_unknown_format_is_refused_with_the_names_of_those_that_there_are() -> None:
    with pytest.raises(UsageError, match=r"no format 'xml'; choose one of json, jsonl, csv, cue, parquet"):
        formats.get("xml")


def test_a_name_is_found_in_any_case() -> None:
    assert formats.get("CUE").suffix == ".cue"


@pytest.mark.parametrize(
    ("spec", "name", "path"),
    [("cue", "cue", None), ("csv:a:b.csv", "csv", "a:b.csv"), ("json:-", "json", "-")],
)
def test_a_spec_is_a_format_and_maybe_a_path(spec: str, name: str, path: str | None) -> None:
    format_, out = formats.parse_spec(spec)
    assert (format_.name, out) == (name, path)


def test_a_spec_with_a_colon_and_no_path_is_refused() -> None:
    with pytest.raises(UsageError, match="no path after the colon"):
        formats.parse_spec("cue:")


def test_names_and_suffixes_are_unlike() -> None:
    assert len({f.suffix for f in formats.all_formats()}) == len(formats.names()) == len(set(formats.names()))


@given(sets=st.lists(any_set(max_tracks=3), max_size=4))
def test_any_sets_can_be_written_in_every_format_under_names_of_their_own(sets: list[Tracklist]) -> None:
    # every format in one test: to make the sets takes longer than to write them
    for format_ in formats.all_formats():
        names = []
        for file in files_of(format_, sets):
            if isinstance(file, ExportFile):
                names.append(file.name.casefold())
                assert all(isinstance(chunk, bytes) for chunk in file.chunks), format_.name
        assert len(names) == len(set(names)), format_.name


def test_files_are_named_by_title_and_id_and_what_they_hold() -> None:
    whole = cued(*(60.0 * i for i in range(120)))
    found = files_of(formats.get("cue"), [whole, cued(None, title="No cue")])
    assert [f.reason if isinstance(f, LeftOut) else f.name for f in found] == [
        "Someone @ Somewhere [1pn8l919] (part 1 of 2).cue",
        "Someone @ Somewhere [1pn8l919] (part 2 of 2).cue",
        "no row has a cue",
    ]


def test_a_streamed_format_is_one_file_in_a_folder() -> None:
    (file,) = files_of(formats.get("jsonl"), [cued(0), cued(0)])
    assert isinstance(file, ExportFile)
    assert file.name == "tracklists.jsonl"


def test_the_formats_need_neither_arrow_nor_ray_nor_a_clock() -> None:
    # in a process of its own: here all of it is long imported
    code = "import sys, tlray.export.formats; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert not {"pyarrow", "pandas", "ray", "aiohttp", "asyncio"} & set(loaded)


DIGESTS = """
import hashlib, sys
sys.path[:0] = ["tests/shared"]
from made_sets import a_set, a_track, cued, with_row
from tlray.export.files import files_of
from tlray.export.formats import all_formats
tracks = [a_track(1, 0, labels=["A"]), with_row(2, 1), a_track(3, 90.5), a_track(4), a_track(5, 200)]
sets = [a_set(*tracks), cued(None), cued(0, 60, 120)]
for format_ in all_formats():
    chunks = list(format_.together(sets, format_.options)) if format_.together else []
    for file in files_of(format_, sets):
        chunks += file.chunks if hasattr(file, "chunks") else [file]
    whole = b"".join(chunk if isinstance(chunk, bytes) else repr(chunk).encode() for chunk in chunks)
    print(format_.name, hashlib.sha256(whole).hexdigest())
"""


def test_every_export_is_the_same_in_every_run() -> None:
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", DIGESTS],
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONHASHSEED": seed, "TZ": zone},
        )
        for seed, zone in (("1", "UTC"), ("2", "Asia/Tokyo"))
    ]
    first, second = (run.communicate()[0].splitlines() for run in runs)
    assert [line.split()[0] for line in first] == list(formats.names())
    assert first == second


def test_options_are_checked_against_the_formats_own() -> None:
    cue = formats.get("cue")
    assert cue.chosen({}) == CueOptions()
    chosen = cue.chosen({"over_99": "merge", "bom": "true", "cue_precision": "minute,logged"})
    wanted = (CuePrecision.MINUTE, CuePrecision.LOGGED)
    assert chosen == CueOptions(over_99=Over99.MERGE, bom=True, cue_precision=wanted)
    assert cue.chosen({"over_99": Over99.ALLOW, "cue_precision": wanted}).cue_precision == wanted
    for name, values, message in (
        (
            "cue",
            {"over_99": "half"},
            "cue: option over_99='half': Input should be 'split', 'merge' or 'allow'",
        ),
        ("cue", {"media": ""}, "the media file's name must have 1 to 1000 bytes"),
        ("csv", {"strict": "true"}, "csv has no option 'strict'; its options: bom"),
        ("json", {"bom": "true"}, "json has no option 'bom'; its options: none"),
    ):
        with pytest.raises(UsageError, match=re.escape(message)):
            formats.get(name).chosen(values)


@pytest.mark.parametrize(
    "values", [{"together": None}, {"name": "a:b"}, {"name": "A"}, {"suffix": "txt"}, {"suffix": "./x"}]
)
def test_a_format_that_cannot_be_named_or_written_is_refused(values: dict[str, Any]) -> None:
    given = {"name": "lines", "suffix": ".txt", "together": lambda sets, options: iter(())} | values
    with pytest.raises(ValueError, match="format"):
        Format(media_type="text/plain", about="lines", **given)
