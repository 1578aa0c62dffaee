"""Checks of a part: every row group and every checksum of its files is read.

Parquet pages carry a CRC-32 since tlray writes them; older files are decoded all the same. At most one row group
is in memory, and a pair of numbers for each of the part's sets.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.parquet as pq

from tlray.errors import CannotFinish
from tlray.io.journal.rows import PartRow
from tlray.io.results.rows import runs_of
from tlray.io.results.store import PartFile, PartMoved, ResultStore, StoredFile
from tlray.io.results.warc import iter_records

SetKey = tuple[int, int]
"""item, set_index."""


@dataclass(slots=True)
class PartContents:
    """The contents of a part."""

    rows: list[tuple[int, int, str, str]] = field(default_factory=list)
    """A row a set: item, set_index, fingerprint, part."""
    n_tracks: int = 0
    n_bytes: int = 0
    missing: list[str] = field(default_factory=list)
    damaged: list[tuple[str, str]] = field(default_factory=list)
    of_others: set[str] = field(default_factory=set)
    """Batches that rows name instead of this one."""
    unequal: list[tuple[SetKey, int, int]] = field(default_factory=list)
    """Sets that claim so many tracks, and have so many."""

    @property
    def is_whole(self) -> bool:
        """True if all its files could be read to the end."""
        return not self.missing and not self.damaged


def files_of(part: PartRow) -> list[PartFile]:
    """Return the files that a part of the manifest must have."""
    return [PartFile.ARCHIVE] * part.has_pages + [PartFile.TRACKS, PartFile.TRACKLISTS] * part.has_rows


def read_part(store: ResultStore, part: PartRow, files: Mapping[PartFile, StoredFile]) -> PartContents:
    """Read a part's tables whole, and look at the size of its archive. ``files`` are those that are there."""
    found = PartContents(n_bytes=sum(file.n_bytes for file in files.values()))
    claims: dict[SetKey, int] = {}
    tracks: Counter[SetKey] = Counter()
    for kind, file in files.items():
        if kind is PartFile.ARCHIVE:
            continue
        try:
            for table in _row_groups(store, part, kind):
                found.of_others |= {
                    name for name in table.column("batch_id").unique().to_pylist() if name != part.batch_id
                }
                if kind is PartFile.TRACKS:
                    found.n_tracks += table.num_rows
                    tracks.update({key: len(rows) for key, rows in runs_of(table).items()})
                else:
                    _take_sets(table, part.stem, found, claims)
        except PartMoved:
            found.missing.append(file.name)
        except (pa.ArrowException, CannotFinish, OSError, KeyError) as error:
            found.damaged.append((file.name, str(error).splitlines()[0][:200]))
    if part.has_rows and found.is_whole:
        found.unequal = [
            (key, claims.get(key, 0), tracks[key])
            for key in {*claims, *tracks}
            if claims.get(key, 0) != tracks[key]
        ]
    return found


def _row_groups(store: ResultStore, part: PartRow, kind: PartFile) -> Iterator[pa.Table]:
    with (
        store.open(part.batch_id, part.stem, kind) as source,
        pq.ParquetFile(source, page_checksum_verification=True) as file,
    ):
        for group in range(file.num_row_groups):
            yield file.read_row_group(group)


def _take_sets(table: pa.Table, stem: str, found: PartContents, claims: dict[SetKey, int]) -> None:
    columns = [
        table.column(name).to_pylist() for name in ("item_id", "set_index", "fingerprint", "track_count")
    ]
    for item, place, fingerprint, n_tracks in zip(*columns, strict=True):
        found.rows.append((item, place, fingerprint, stem))
        claims[item, place] = claims.get((item, place), 0) + n_tracks


def record_error(store: ResultStore, batch_id: str, stem: str, offset: int, length: int) -> str | None:
    """Return what is wrong with a record of an archive, if anything: each is a gzip member of its own, with a CRC-32."""
    try:
        with store.open(batch_id, stem, PartFile.ARCHIVE) as file:
            file.seek(offset)
            member = file.read(length)
        unpacker = zlib.decompressobj(wbits=31)
        begin = unpacker.decompress(member, 64)
        while unpacker.unconsumed_tail:
            unpacker.decompress(unpacker.unconsumed_tail, 1 << 20)
    except PartMoved:
        return "its archive is not there"
    except (zlib.error, CannotFinish, OSError) as error:
        return f"damaged: {error}"
    if not begin.startswith(b"WARC/1.1\r\nWARC-Type: response"):
        return "no page begins there"
    return None if unpacker.eof and not unpacker.unused_data else "the record is not whole"


def page_urls(store: ResultStore, batch_id: str, stem: str) -> tuple[Counter[str], str | None]:
    """Read an archive to its end; return the URLs of its pages, and what is wrong with it, if anything."""
    urls: Counter[str] = Counter()
    try:
        with store.open(batch_id, stem, PartFile.ARCHIVE) as file:
            for page in iter_records(file):
                urls[page.url] += 1
    except PartMoved:
        return urls, "it is not there"
    except CannotFinish as error:
        return urls, str(error)
    return urls, None
