"""Import of files at a service: in pieces, all of them or nothing. One piece is in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from tlray.io.client.http_client import ServiceClient, batch_path
from tlray.io.client.submit import COMMIT_TIMEOUT_S, drop
from tlray.io.intake.members import Refusal
from tlray.io.intake.walk import unreadable, walk

IMPORT: Final = "/api/v1/import"
MAX_FILE_BYTES: Final = 64 * 2**20 - 2**16
"""By default a service takes no larger body (TLRAY_MAX_IMPORT_BYTES)."""
PIECE_BYTES: Final = 8 * 2**20
PIECE_FILES: Final = 500
PIECE_TIMEOUT_S: Final = 150.0
"""The service opens archives for up to 30 s, and takes a body for up to 120 s."""
Piece = list[tuple[str, bytes]]


def send_files(
    client: ServiceClient,
    paths: Iterable[Path],
    *,
    new: dict[str, Any],
    reading: dict[str, str],
    key: str,
    max_wait_s: float,
    on_refused: Callable[[str, str], None],
    on_sent: Callable[[int, int], None] = lambda n_files, n_pieces: None,
) -> dict[str, Any] | None:
    """Send files and folders, and return the receipt of the batch; None if there is nothing to send."""
    cut = _pieces(paths, on_refused)
    piece = next(cut, None)
    if piece is None:
        return None
    opened = client.request(
        "POST", IMPORT, query={**new, "state": "receiving"}, key=key, max_wait_s=max_wait_s
    )
    batch_id = opened["batch_id"]
    path = f"{IMPORT}/{batch_path(batch_id).rpartition('/')[2]}/append"
    n_files = n = 0
    try:
        while piece is not None:
            n += 1
            client.request(
                "POST", path, query={**reading, "piece": n}, body=piece,
                timeout_s=PIECE_TIMEOUT_S, max_wait_s=max_wait_s,
            )  # fmt: skip
            n_files += len(piece)
            on_sent(n_files, n)
            piece = next(cut, None)
        receipt = client.request(
            "POST", batch_path(batch_id, "/commit"), body={"pieces": n}, timeout_s=COMMIT_TIMEOUT_S
        )
    except BaseException:
        drop(client, batch_id)
        raise
    return dict(receipt)


def _pieces(paths: Iterable[Path], on_refused: Callable[[str, str], None]) -> Iterator[Piece]:
    """Cut files into pieces; what cannot be sent is told, with its path below the folder."""
    piece: Piece = []
    n_bytes = 0
    for root in map(Path.absolute, paths):
        for found in walk(root):
            where = found.where if isinstance(found, Refusal) else found.position
            body = found if isinstance(found, Refusal) else _read(found.path)
            if isinstance(body, Refusal):
                on_refused(f"{root.name}/{where}" if where else root.name, body.reason)
                continue
            if piece and (len(piece) == PIECE_FILES or n_bytes + len(body) > PIECE_BYTES):
                yield piece
                piece, n_bytes = [], 0
            name = (where or root.name).rpartition("/")[2]
            piece.append((name.encode("utf-8", "replace").decode(), body))
            n_bytes += len(body)
    if piece:
        yield piece


def _read(path: Path) -> bytes | Refusal:
    try:
        with path.open("rb") as file:
            body = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        return Refusal("", unreadable(error))
    if len(body) > MAX_FILE_BYTES:
        return Refusal(
            "", f"too large to be sent: at most {MAX_FILE_BYTES:,} bytes; import it where the service runs"
        )
    return body
