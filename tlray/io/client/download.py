"""How does an export come from a service? Range by range, because one answer has only so many bytes; begun anew where the
batch has brought more sets meanwhile, so that what is written is always one whole file."""

from __future__ import annotations

from typing import BinaryIO, Final

from tlray.errors import ServiceUnavailable
from tlray.io.client.http_client import ServiceClient, batch_path

TRIES: Final = 5


def take_export(client: ServiceClient, batch_id: str, out: BinaryIO, **query: object) -> int:
    """Write a batch's export to a file that can be begun anew; return its bytes. ``query`` has the format and its options."""
    path = batch_path(batch_id, "/export")
    for _ in range(TRIES):
        out.seek(0)
        out.truncate()
        etag, n_had = None, 0
        while (found := client.file_range(path, first=n_had, etag=etag, **query)) is not None:
            etag = found.etag
            n_had += out.write(found.body)
            if n_had >= found.n_bytes:
                return n_had
            if not found.body:
                break
    raise ServiceUnavailable(
        client.url, f"the export of {batch_id} changed each time that it was taken; pause the batch"
    )
