"""What do a part's files really hold? Every row group and every checksum of them is read, and nothing is believed.

Parquet pages carry a CRC-32 since tlray writes them; older files are decoded all the same. At most one row group
is in memory, and a pair of numbers for each of the part's sets.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tlray.errors import CannotFinish
from tlray.io.journal.rows import PartRow
from tlray.io.results.part_files import Piece
from tlray.io.results.warc import iter_records

SetKey = tuple[int, int]
"""item, set_index."""


@dataclass(slots=True)
class PartContents:
    """What was read of a part."""

    rows: list[tuple[int, int, str, str]] = field(default_factory=list)
    """A row a set: item, set_index, fingerprint, part."""
    n_tracks: int = 0
    n_bytes: int = 0
    missing: list[Path] = field(default_factory=list)
    damaged: list[tuple[Path, str]] = field(default_factory=list)
    of_others: set[str] = field(default_factory=set)
    """Batches that rows name instead of this one."""
    unequal: list[tuple[SetKey, int, int]] = field(default_factory=list)
    """Sets that claim so many tracks, and have so many."""

    @property
    def is_whole(self) -> bool:
        """Whether all its files could be read to the end."""
        return not self.missing and not self.damaged


def pieces_of(part: PartRow) -> list[Piece]:
    """Return which files a part of the manifest must have."""
    return [Piece.ARCHIVE] * part.has_pages + [Piece.TRACKS, Piece.TRACKLISTS] * part.has_rows


def read_part(part: PartRow, files: Mapping[Piece, Path]) -> PartContents:
    """Read a part's tables whole, and look at the size of its archive. ``files`` says where they lie."""
    found = PartContents()
    claims: dict[SetKey, int] = {}
    tracks: Counter[SetKey] = Counter()
    for piece, path in files.items():
        try:
            found.n_bytes += path.stat().st_size
            if piece is Piece.ARCHIVE:
                continue
            for table in _row_groups(path):
                found.of_others |= {
                    name for name in table.column("batch_id").unique().to_pylist() if name != part.batch_id
                }
                if piece is Piece.TRACKS:
                    found.n_tracks += table.num_rows
                    tracks.update(_runs(table))
                else:
                    _take_sets(table, part.stem, found, claims)
        except FileNotFoundError:
            found.missing.append(path)
        except (pa.ArrowException, OSError, KeyError) as error:
            found.damaged.append((path, str(error).splitlines()[0][:200]))
    if part.has_rows and found.is_whole:
        found.unequal = [
            (key, claims.get(key, 0), tracks[key])
            for key in {*claims, *tracks}
            if claims.get(key, 0) != tracks[key]
        ]
    return found


def _row_groups(path: Path) -> Iterator[pa.Table]:
    with path.open("rb") as source, pq.ParquetFile(source, page_checksum_verification=True) as file:
        for group in range(file.num_row_groups):
            yield file.read_row_group(group)


def _take_sets(table: pa.Table, stem: str, found: PartContents, claims: dict[SetKey, int]) -> None:
    columns = [
        table.column(name).to_pylist() for name in ("item_id", "set_index", "fingerprint", "track_count")
    ]
    for item, place, fingerprint, n_tracks in zip(*columns, strict=True):
        found.rows.append((item, place, fingerprint, stem))
        claims[item, place] = claims.get((item, place), 0) + n_tracks


def _runs(table: pa.Table) -> dict[SetKey, int]:
    """Count the rows of every set; they mostly stand together."""
    items, places = (table.column(name).to_numpy() for name in ("item_id", "set_index"))
    if not len(items):
        return {}
    is_new = (items[1:] != items[:-1]) | (places[1:] != places[:-1])
    begins = np.concatenate(([0], np.flatnonzero(is_new) + 1, [len(items)]))
    counts: Counter[SetKey] = Counter()
    for begin, end in zip(begins[:-1].tolist(), begins[1:].tolist(), strict=True):
        counts[int(items[begin]), int(places[begin])] += end - begin
    return counts


def record_is_whole(path: Path, offset: int, length: int) -> str | None:
    """Say what is wrong with the archive's record there, if anything: each is a gzip member of its own, with a CRC-32."""
    try:
        with path.open("rb") as file:
            file.seek(offset)
            member = file.read(length)
        unpacker = zlib.decompressobj(wbits=31)
        begin = unpacker.decompress(member, 64)
        while unpacker.unconsumed_tail:
            unpacker.decompress(unpacker.unconsumed_tail, 1 << 20)
    except FileNotFoundError:
        return "its archive is not there"
    except (zlib.error, OSError) as error:
        return f"damaged: {error}"
    if not begin.startswith(b"WARC/1.1\r\nWARC-Type: response"):
        return "no page begins there"
    return None if unpacker.eof and not unpacker.unused_data else "the record is not whole"


def page_urls(path: Path) -> tuple[Counter[str], str | None]:
    """Read an archive to its end; return the URLs of its pages, and what is wrong with it, if anything."""
    urls: Counter[str] = Counter()
    try:
        for page in iter_records(path):
            urls[page.url] += 1
    except FileNotFoundError:
        return urls, "it is not there"
    except CannotFinish as error:
        return urls, str(error)
    return urls, None
