"""One audit of a batch: its counts, its parts file by file, what lies beside them, its archived pages."""

from __future__ import annotations

import time
from collections.abc import Callable

from tlray.core.audit.findings import Finding, FindingKind, Findings, check_counts
from tlray.core.model.amounts import plural
from tlray.io.audit.part_checks import files_of, page_urls, read_part, record_error
from tlray.io.disk.home import Home
from tlray.io.journal.audit_copy import AuditCopy
from tlray.io.journal.opening import holder_elsewhere
from tlray.io.journal.rows import PartRow
from tlray.io.results.open_store import open_store
from tlray.io.results.store import PartFile, StoredFile
from tlray.io.results.warc import target_uri

_K = FindingKind
SETTLE_S = 3.0
"""How long a living coordinator is given to publish or to remove a file; it takes some milliseconds."""


class BatchCheck:
    """The observations of one batch."""

    def __init__(self, home: Home, batch_id: str, journal: AuditCopy, *, reads_pages: bool) -> None:
        self._store = open_store(home)
        self._batch_id = batch_id
        self._journal = journal
        self._is_alive = home.is_held() or holder_elsewhere(home) is not None
        self._is_final = journal.state.is_final
        self.findings = Findings()
        self.notes: list[str] = []
        self.n_bytes = self.n_rows = self.n_track_rows = self.n_pages = 0
        self.books = journal.books()
        self._files = self._listed()
        self._check_counts()
        self._check_strangers()
        for part in journal.parts:
            self._check_part(part)
        for finding in journal.disagreements():
            self.findings.add(finding)
        self._check_attempts()
        if reads_pages:
            self._check_archives()

    def _add(self, kind: FindingKind, what: str, part: str | None = None) -> None:
        self.findings.add(Finding(kind, what, part))

    def _check_counts(self) -> None:
        for finding in check_counts(self.books):
            self.findings.add(finding)
        if self.books.n_open and not self._is_alive:
            self.notes.append(
                f"{plural(self.books.n_open, 'item')} open; `tlray scrape --resume {self._batch_id}` goes on"
            )

    # -- parts -------------------------------------------------------------------------------------

    def _check_part(self, part: PartRow) -> None:
        files = self._files_of(part)
        contents = read_part(self._store, part, files)
        contents.missing += [
            self._store.place(self._batch_id, part.stem, kind) for kind in files_of(part) if kind not in files
        ]
        self._journal.take_rows(contents.rows)
        self.n_bytes += contents.n_bytes
        self.n_rows += len(contents.rows)
        self.n_track_rows += contents.n_tracks
        for name in contents.missing:
            self._add(_K.PART_MISSING, f"{name} is not there", part.stem)
        for name, why in contents.damaged:
            self._add(_K.PART_DAMAGED, f"{name} cannot be read: {why}", part.stem)
        for other in sorted(contents.of_others):
            self._add(_K.ROW_STRANGE, f"it has rows of batch {other}", part.stem)
        if not contents.is_whole:
            return
        for stated, there, name in (
            (part.n_sets, len(contents.rows), "sets"),
            (part.n_tracks, contents.n_tracks, "tracks"),
            (part.n_bytes, contents.n_bytes, "bytes"),
        ):
            if stated != there:
                self._add(
                    _K.PART_DIFFERS, f"the manifest says {stated} {name}, its files have {there}", part.stem
                )
        for (item, place), claimed, there in contents.unequal:
            what = f"its set {place} claims {claimed} tracks and has {there}"
            self.findings.add(self._journal.about(_K.TRACKS_DIFFER, what, item, part.stem))

    def _files_of(self, part: PartRow) -> dict[PartFile, StoredFile]:
        """Return the files of a part that are there: published, or after a crash staged until the next start.

        A coordinator that holds the home may have begun a moment ago, and not have come to this part.
        """
        wanted = files_of(part)

        def is_published() -> bool:
            if all((part.stem, kind, True) in self._files for kind in wanted):
                return True
            self._files = self._listed()
            return part.stem not in self._journal.stems_now()

        if self._is_final or not self._store.publishes_late:
            self._settles(is_published)
        found = {}
        for kind in wanted:
            staged = None if self._is_final else self._files.get((part.stem, kind, False))
            if file := self._files.get((part.stem, kind, True)):
                found[kind] = file
            elif staged is not None:
                found[kind] = staged
                if not self._store.publishes_late:
                    self.notes.append(
                        f"{staged.name} counts, and is seen once the next start has published it"
                    )
        return found

    def _listed(self) -> dict[tuple[str | None, PartFile | None, bool], StoredFile]:
        files = self._store.list(self._batch_id)
        return {(file.stem or file.name, file.kind, file.is_published): file for file in files}

    def _settles(self, claim: Callable[[], bool]) -> bool:
        """Wait for a claim for as long as a living coordinator may take to make it true."""
        deadline = time.monotonic() + (SETTLE_S if self._is_alive else 0.0)
        while not claim():
            if time.monotonic() >= deadline:
                return False
            time.sleep(0.05)
        return True

    # -- what lies beside the parts ------------------------------------------------------------------

    def _check_strangers(self) -> None:
        """Find files that pandas reads and no manifest names, and staged ones that a next start removes."""
        named = {part.stem for part in self._journal.parts}
        n_left = 0
        for file in self._files.values():
            if file.stem in named:
                continue
            if file.is_published:
                self._check_stranger(file)
            else:
                n_left += 1
        if n_left and not self._is_alive:
            when = "a retry of its dead letters" if self._is_final else "the next start of the batch"
            self.notes.append(
                f"{n_left} staged files count for nothing and nobody reads them; {when} removes them"
            )

    def _check_stranger(self, file: StoredFile) -> None:
        """BatchCheck again at a file that the manifest did not name: it may be just published, or just merged into another."""

        def is_explained() -> bool:
            is_there = any(file.name == other.name for other in self._store.list(self._batch_id))
            return not is_there or file.stem in self._journal.stems_now()

        if self._settles(is_explained):
            return
        what = "but it lies among the pages" if file.kind is PartFile.ARCHIVE else "but pandas reads it"
        until = "" if self._is_final else ", until the next start of the batch removes it"
        self._add(_K.ORPHAN, f"no manifest names it, {what}{until}", file.name)

    # -- pages -------------------------------------------------------------------------------------

    def _check_attempts(self) -> None:
        """Read the pages that attempts point to."""
        with_pages = {part.stem for part in self._journal.parts if part.has_pages}
        for item, stem, offset, length in self._journal.pages():
            wrong: str | None = "the manifest names no such archive"
            if stem in with_pages:
                wrong = record_error(self._store, self._batch_id, stem, offset, length)
            if wrong is None:
                self.n_pages += 1
            else:
                what = f"the page of an attempt, at byte {offset}: {wrong}"
                self.findings.add(self._journal.about(_K.PAGE_MISSING, what, item, stem))

    def _check_archives(self) -> None:
        """Read every archive to its end, and look for the page of every item that succeeded."""
        self.n_pages = 0
        for part in self._journal.parts:
            if not part.has_pages:
                continue
            urls, wrong = page_urls(self._store, self._batch_id, part.stem)
            self.n_pages += sum(urls.values())
            if wrong is not None:
                self._add(_K.PART_DAMAGED, f"its archive: {wrong}", part.stem)
            elif self._journal.keeps_pages:
                for item, url in self._journal.items_of(part.stem):
                    if target_uri(url) not in urls:
                        self.findings.add(
                            self._journal.about(_K.PAGE_MISSING, "its page is not in the archive", item)
                        )
