"""Export formats that this process knows: the shipped ones, and those of installed packages (group ``tlray.exports``)."""

from __future__ import annotations

from functools import cache

from tlray import plugins
from tlray.errors import UsageError
from tlray.export.interface import Format

GROUP = "tlray.exports"
SHIPPED = {
    "json": "tlray.export.json_document:FORMAT",
    "jsonl": "tlray.export.json_lines:FORMAT",
    "csv": "tlray.export.csv_table:FORMAT",
    "cue": "tlray.export.cue_sheet:FORMAT",
    "parquet": "tlray.io.export.parquet:FORMAT",
    "xlsx": "tlray.io.export.xlsx:FORMAT",
    "sqlite": "tlray.io.export.sqlite:FORMAT",
    "text": "tlray.export.text_list:FORMAT",
    "markdown": "tlray.export.markdown:FORMAT",
    "ffmetadata": "tlray.export.ffmetadata:FORMAT",
    "matroska": "tlray.export.matroska:FORMAT",
    "youtube": "tlray.export.youtube:FORMAT",
    "podcasting": "tlray.export.podcasting:FORMAT",
    "podlove": "tlray.export.podlove:FORMAT",
    "xspf": "tlray.export.xspf:FORMAT",
    "m3u8": "tlray.export.m3u8:FORMAT",
    "rekordbox": "tlray.export.rekordbox_xml:FORMAT",
    "traktor": "tlray.export.traktor_nml:FORMAT",
}


@cache
def all_formats() -> tuple[Format, ...]:
    """Return all formats in the order in which they are listed: the shipped ones, then the others by name."""
    found = {format_.name: format_ for format_ in plugins.load(GROUP, SHIPPED, Format).values()}
    return tuple(found.pop(name) for name in SHIPPED) + tuple(found[name] for name in sorted(found))


def names() -> tuple[str, ...]:
    """Return the names of all formats, in the order in which they are listed."""
    return tuple(f.name for f in all_formats())


def get(name: str) -> Format:
    """Return the format of that name, in any case; `UsageError` names those that there are."""
    for candidate in all_formats():
        if candidate.name == name.strip().lower():
            return candidate
    raise UsageError(f"no format {name!r}; choose one of {', '.join(names())}")


def parse_spec(spec: str) -> tuple[Format, str | None]:
    """Read ``FORMAT[:PATH]`` as ``tlray scrape --export`` takes it; the path is None where none is given."""
    name, colon, path = spec.partition(":")
    if colon and not path:
        raise UsageError(f"--export {spec!r} names no path after the colon; write {name} or {name}:PATH")
    return get(name), path or None
