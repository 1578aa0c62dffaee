"""The truth of an invented set: what a parser must read off its page.

The answer as plain data, with the public field names (`model.py`). It is made from the invented set
alone, never from its page, so that a test of the parser against it proves something.
"""

from __future__ import annotations

import unicodedata
from typing import Any

from tlray.demo.names import slug
from tlray.demo.sets import NAME_COLUMN, SITE_URL, DemoSet, Label, Row, whole_name, whole_title


def truth_of(demo: DemoSet, *, url: str = "") -> dict[str, Any]:
    """Return what is true of ``demo``; ``url`` is where its page was served."""
    head = demo.head
    tracks = _tracks(demo)
    return {
        "url": url,
        "site": "1001tracklists",
        "source_id": head.set_id,
        "page_url": SITE_URL + head.path,
        "page_id": head.page_id,
        "title": _nfc(head.title),
        "date": head.played.isoformat(),
        "djs": [_nfc(dj) for dj in head.djs],
        "sources": [_nfc(source) for source in head.sources],
        "genres": list(head.genres),
        "is_live": head.is_live,
        "duration_s": None if demo.duration_s is None else float(demo.duration_s),
        "recordings": [recording.media_id for recording in demo.recordings],
        "track_count": len(tracks),
        "identified_count": sum(track["identity"] == "identified" for track in tracks),
        "cued_count": sum(track["cue_s"] is not None for track in tracks),
        "tracks": tracks,
    }


def track_path(row: Row) -> str | None:
    """Return the path of a row's track page; None where the site has none."""
    if row.track_id is None or row.credit is None:
        return None
    return f"/track/{row.track_id}/{slug(row.credit.artists[0])}-{slug(row.credit.title)}/index.html"


def label_text(label: Label) -> str:
    """Print a label as its row does: ``ASOT (ARMADA)``."""
    return f"{label.short} ({label.parent.short})" if label.parent else label.short


def _tracks(demo: DemoSet) -> list[dict[str, Any]]:
    tracks: list[dict[str, Any]] = []
    section: str | None = None
    main = 0
    opens_at_zero = any(row.cue_s is not None for row in demo.rows[1:])
    for index, row in enumerate(demo.rows, start=1):
        section = row.heading or section
        main = index if row.kind == "main" else main
        cue_s = row.cue_s
        if index == 1 and cue_s is None and opens_at_zero:
            cue_s = 0  # the site's own export says so too
        path = track_path(row)
        tracks.append({
            "index": index,
            "number": row.number if row.kind == "main" else None,
            "kind": row.kind,
            "parent": None if row.kind == "main" else main,
            "section": None if section is None else _nfc(section),
            "recording": row.player if demo.recordings else None,
            "cue_s": None if cue_s is None else float(cue_s),
            "cue_precision": "unknown" if cue_s is None else "second",
            **_names(row),
            "labels": [label_text(label) for label in row.labels],
            "identity": row.identity,
            "track_id": row.track_id,
            "track_url": None if path is None else SITE_URL + path,
            "duration_s": None if row.duration_s is None else float(row.duration_s),
            "genres": list(row.genres),
            "artwork_url": row.artwork_url,
            "media_id": None if row.media_id is None else str(row.media_id),
        })  # fmt: skip
    return tracks


def _names(row: Row) -> dict[str, str]:
    """Artist, title and the line as the site's text export prints it."""
    if row.credit is None:
        return {"artist": "ID", "title": "ID", "text": "ID - ID"}
    name = whole_name(row.credit)
    artist = name.removesuffix(f" - {whole_title(row.credit)}")
    line = " ".join([name[-NAME_COLUMN:], *row.qualifiers])
    if row.labels:
        line += f" [{'/'.join(label_text(label) for label in row.labels)}]"
    title = " ".join([whole_title(row.credit), *row.qualifiers])
    return {"artist": _nfc(artist), "title": _nfc(title), "text": _nfc(line)}


def _nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)
