"""Download of an export, range by range: one response holds a bounded number of bytes.

If there are more sets meanwhile, the download starts anew, so that one whole file is written.
"""

from __future__ import annotations

from typing import BinaryIO, Final

from tlray.errors import ServiceUnavailable
from tlray.io.client.http_client import ServiceClient, batch_path

TRIES: Final = 5


def download_export(client: ServiceClient, batch_id: str | None, out: BinaryIO, **query: object) -> int:
    """Write an export of a batch, or of the catalogue, to a seekable file; return its bytes. ``query`` has the format."""
    path = "/api/v1/catalogue/export" if batch_id is None else batch_path(batch_id, "/export")
    for _ in range(TRIES):
        out.seek(0)
        out.truncate()
        etag, n_bytes = None, 0
        while (part := client.file_range(path, first=n_bytes, etag=etag, **query)) is not None:
            etag = part.etag
            n_bytes += out.write(part.body)
            if n_bytes >= part.n_bytes:
                return n_bytes
            if not part.body:
                break
    what = "the catalogue changed" if batch_id is None else f"the export of {batch_id} changed"
    running = "its batches" if batch_id is None else "the batch"
    raise ServiceUnavailable(client.url, f"{what} during each of {TRIES} downloads; pause {running}")
