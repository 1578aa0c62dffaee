"""Exports of a home whose results are in an object storage: written here, then uploaded, an object a file."""

from __future__ import annotations

import mmap
from pathlib import Path

from tlray.io.disk.storage import Storage
from tlray.io.results.object_client import ObjectClient
from tlray.io.results.open_store import PATIENCE_S


def upload(folder: Path, storage: Storage, prefix: str) -> str:
    """Upload the files below a folder, replacing those of the same names; return the URI of what holds them."""
    client = ObjectClient.of(storage, patience_s=PATIENCE_S)
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    for path in files:
        key = f"{prefix}/{path.relative_to(folder).as_posix()}"
        if not path.stat().st_size:
            client.replace(key, memoryview(b""))
            continue
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            client.replace(key, memoryview(content))
    return f"{storage.uri}/{prefix}"
