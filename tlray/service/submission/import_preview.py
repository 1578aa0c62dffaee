"""The answer to files that are checked before they are imported. Nothing is kept."""

from __future__ import annotations

import asyncio
import time
from collections import Counter

from tlray.core.submission.lines import RefusedLine
from tlray.core.submission.receipt_lines import MAX_LINES_LISTED
from tlray.io.intake.file_check import CheckedFile, checked_files
from tlray.io.intake.uploads import Upload
from tlray.service.http.problems import ProblemError
from tlray.service.schemas.batches import FilePreview, ImportPreview, KindPreview, RejectedLine
from tlray.service.submission.uploaded_files import MAX_FILES, OPEN_TIMEOUT_S


async def preview_import(upload: Upload, *, kind: str, encoding: str) -> ImportPreview:
    """Return what would become of the files of a request; 413 if they are too many, or take too long to open."""
    return await asyncio.to_thread(_preview, upload, kind, encoding)


def _preview(upload: Upload, kind: str, encoding: str) -> ImportPreview:
    deadline = time.monotonic() + OPEN_TIMEOUT_S
    found: dict[str, CheckedFile] = {}
    rejected: list[RefusedLine] = []
    n = 0
    for one in checked_files(upload.files, kind=kind, encoding=encoding):
        n += 1
        if n > MAX_FILES or time.monotonic() > deadline:
            what = f"more than {MAX_FILES:,} files, or more than {OPEN_TIMEOUT_S:g} s to open them"
            raise ProblemError(413, what)
        if isinstance(one, RefusedLine):
            rejected.append(one)
        else:
            found.setdefault(one.fingerprint, one)
    kinds = Counter(one.kind for one in found.values() if one.kind is not None)
    unknown = [one for one in found.values() if one.kind is None]
    return ImportPreview(
        total=len(found),
        duplicates=n - len(found) - len(rejected),
        kinds=[KindPreview(kind=name, files=n_files) for name, n_files in kinds.most_common()],
        n_unknown=len(unknown),
        unknown=[FilePreview(line=one.line, name=one.name) for one in unknown[:MAX_LINES_LISTED]],
        n_rejected=len(rejected),
        rejected=[
            RejectedLine(line=one.line, url=one.text, reason=one.reason)
            for one in rejected[:MAX_LINES_LISTED]
        ],
    )
