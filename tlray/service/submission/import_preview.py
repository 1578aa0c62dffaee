"""The check of files before they are imported: of what kind each is, and what cannot be read. Nothing is kept."""

from __future__ import annotations

import asyncio
import time
from collections import Counter

from tlray.core.submission.receipt_lines import MAX_LINES_LISTED
from tlray.io.intake.file_list import all_members, fingerprint_of
from tlray.io.intake.members import Refusal
from tlray.io.intake.uploads import Upload
from tlray.readers.registry import kind_of
from tlray.service.http.problems import ProblemError
from tlray.service.schemas.batches import FilePreview, ImportPreview, KindPreview, RejectedLine
from tlray.service.submission.uploaded_files import MAX_FILES, OPEN_TIMEOUT_S


async def preview_import(upload: Upload, *, kind: str, encoding: str) -> ImportPreview:
    """Return what would become of the files of a request; 413 if they are too many, or take too long to open."""
    return await asyncio.to_thread(_preview, upload, kind, encoding)


def _preview(upload: Upload, kind: str, encoding: str) -> ImportPreview:
    deadline = time.monotonic() + OPEN_TIMEOUT_S
    kinds: Counter[str] = Counter()
    unknown: list[FilePreview] = []
    rejected: list[RejectedLine] = []
    prints: set[str] = set()
    n_files = n_unknown = n_rejected = 0
    for path, given_name in upload.files:
        for _, name, member in all_members([path], encoding, name=given_name):
            n_files += 1
            if n_files > MAX_FILES or time.monotonic() > deadline:
                raise ProblemError(
                    413, f"more than {MAX_FILES:,} files, or more than {OPEN_TIMEOUT_S:g} s to open them"
                )
            if isinstance(member, Refusal):
                n_rejected += 1
                if n_rejected <= MAX_LINES_LISTED:
                    rejected.append(RejectedLine(line=n_files, url=name, reason=member.reason))
                continue
            print_ = fingerprint_of(member.file, kind)
            if print_ in prints:
                continue
            prints.add(print_)
            found = kind or kind_of(member.file)
            if found is not None:
                kinds[found] += 1
                continue
            n_unknown += 1
            if n_unknown <= MAX_LINES_LISTED:
                unknown.append(FilePreview(line=n_files, name=name))
    return ImportPreview(
        total=len(prints),
        duplicates=n_files - n_rejected - len(prints),
        kinds=[KindPreview(kind=name, files=n) for name, n in kinds.most_common()],
        n_unknown=n_unknown,
        unknown=unknown,
        n_rejected=n_rejected,
        rejected=rejected,
    )
