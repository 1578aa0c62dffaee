"""Sets and pages to make parts of."""

from __future__ import annotations

import gzip
from datetime import UTC, date, datetime

from tlray.io.disk.home import Home
from tlray.io.http.response import Fetched
from tlray.io.results.rows import ItemKey
from tlray.model import Identity, Track, TrackKind, Tracklist

BATCH = "b1"
HTML = b"<html>" + "<p>Sander van Doorn – Grasshopper</p>".encode() * 5000


def page(
    body: bytes = HTML, *, url: str = "https://example.org/set/1", packed: bool = True, chunked: bool = False
) -> Fetched:
    """Make a page as a fetch returns it."""
    headers = [(b"Content-Type", b"text/html; charset=UTF-8"), (b"X-Caf\xe9", b"\xff")]
    if packed:
        headers.append((b"Content-Encoding", b"gzip"))
    if chunked:
        headers.append((b"transfer-encoding", b"chunked"))
    return Fetched(
        url=url,
        kind=None,
        started_at=datetime(2026, 11, 2, 10, 0, 0, 123456, UTC).timestamp(),
        latency_s=0.1,
        status=200,
        status_line=b"HTTP/1.1 200 OK",
        raw_headers=tuple(headers),
        wire_body=gzip.compress(body) if packed else body,
        body=body,
    )


def a_set(item_id: int, n_tracks: int = 3) -> tuple[ItemKey, Tracklist]:
    """Make one item's set."""
    tracks = [
        Track(
            index=i,
            number=i,
            kind=TrackKind.MAIN,
            artist="A",
            title=f"T{i}",
            identity=Identity.IDENTIFIED,
            text="A - T",
        )
        for i in range(1, n_tracks + 1)
    ]
    tracklist = Tracklist(
        url=f"https://example.org/{item_id}",
        site="example",
        source_id=str(item_id),
        title="A @ B",
        date=date(2026, 11, 2),
        track_count=n_tracks,
        identified_count=n_tracks,
        cued_count=0,
        tracks=tracks,
        parser="example/1",
        fetched_at=datetime(2026, 11, 2, tzinfo=UTC),
    )
    return ItemKey(BATCH, item_id, f"f{item_id}"), tracklist


def files(home: Home) -> set[str]:
    """Every file of the batch, by its path."""
    return {str(path.relative_to(home.path)) for path in home.path.glob("*/b1/**/*") if path.is_file()}
