"""Which formats are there? The table of them; a new one is a file beside this one and a row here."""

from __future__ import annotations

from tlray.errors import UsageError
from tlray.export import csv_table, cue_sheet, json_document, json_lines
from tlray.export.interface import Format, Holds

FORMATS = (
    Format(
        name="json",
        suffix=".json",
        about="JSON: a file is an array of sets; in a folder, an object a set",
        holds=Holds.SETS,
        content_type="application/json",
        per_set=json_document.per_set,
        together=json_document.together,
    ),
    Format(
        name="jsonl",
        suffix=".jsonl",
        about="JSON lines: one set a line, to be streamed",
        holds=Holds.SETS,
        content_type="application/x-ndjson",
        together=json_lines.together,
    ),
    Format(
        name="csv",
        suffix=".csv",
        about="CSV: one row a track, with the columns of its set; safe to open in a spreadsheet",
        holds=Holds.SETS,
        content_type="text/csv; charset=utf-8",
        per_set=csv_table.per_set,
        together=csv_table.together,
    ),
    Format(
        name="cue",
        suffix=".cue",
        about="CUE sheet: chapters for a recording, one sheet each; only tracks whose start is known",
        holds=Holds.RECORDING,
        content_type="application/x-cue; charset=utf-8",
        per_set=cue_sheet.per_set,
    ),
    Format(
        name="parquet",
        suffix=".parquet",
        about="Parquet: a folder of tracklists and tracks, or one file with a row a set",
        holds=Holds.SETS,
        content_type="application/vnd.apache.parquet",
    ),
)


def names() -> tuple[str, ...]:
    """The names of all formats, in the order in which they are listed."""
    return tuple(f.name for f in FORMATS)


def get(name: str) -> Format:
    """The format of that name, in any case; raises `UsageError` naming those that there are."""
    for candidate in FORMATS:
        if candidate.name == name.strip().lower():
            return candidate
    raise UsageError(f"no format {name!r}; choose one of {', '.join(names())}")


def parse_spec(spec: str) -> tuple[Format, str | None]:
    """Read ``FORMAT[:PATH]`` as ``tlray scrape --export`` takes it; the path is None where none is given."""
    name, colon, path = spec.partition(":")
    if colon and not path:
        raise UsageError(f"--export {spec!r} names no path after the colon; write {name} or {name}:PATH")
    return get(name), path or None
