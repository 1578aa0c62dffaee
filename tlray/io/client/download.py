"""Download of an export, range by range: one response holds a bounded number of bytes.

If the batch has more sets meanwhile, the download starts anew, so that one whole file is written.
"""

from __future__ import annotations

from typing import BinaryIO, Final

from tlray.errors import ServiceUnavailable
from tlray.io.client.http_client import ServiceClient, batch_path

TRIES: Final = 5


def download_export(client: ServiceClient, batch_id: str, out: BinaryIO, **query: object) -> int:
    """Write a batch's export to a seekable file and return its bytes; ``query`` holds the format and its options."""
    path = batch_path(batch_id, "/export")
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
    raise ServiceUnavailable(
        client.url, f"the export of {batch_id} changed during each of {TRIES} downloads; pause the batch"
    )
