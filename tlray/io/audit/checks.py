"""One reading of a batch: its books, its parts file by file, its folders, its archived pages."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from tlray.core.audit.findings import Finding, FindingKind, Findings, check_counts
from tlray.io.audit.part_checks import page_urls, pieces_of, read_part, record_is_whole
from tlray.io.disk.home import Home
from tlray.io.journal.audit_copy import AuditCopy
from tlray.io.journal.rows import PartRow
from tlray.io.results.part_files import Piece, published_file, staged_file, staging
from tlray.io.results.warc import target_uri

_K = FindingKind
_SUFFIXES = {Piece.ARCHIVE: ".warc.gz", Piece.TRACKS: ".parquet", Piece.TRACKLISTS: ".parquet"}
SETTLE_S = 3.0
"""How long a living coordinator is given to publish or to remove a file; it takes some milliseconds."""


class Look:
    """What was seen of one batch."""

    def __init__(self, home: Home, batch_id: str, books: AuditCopy, *, reads_pages: bool) -> None:
        self._home = home
        self._batch_id = batch_id
        self._books = books
        self._is_alive = home.is_held()
        self._is_final = books.state.is_final
        self.findings = Findings()
        self.notes: list[str] = []
        self.n_bytes = self.n_rows = self.n_track_rows = self.n_pages = 0
        self.books = books.books()
        self._at_books()
        self._at_folders()
        for part in books.parts:
            self._at_part(part)
        for finding in books.disagreements():
            self.findings.add(finding)
        self._at_attempts()
        if reads_pages:
            self._at_archives()

    def _found(self, kind: FindingKind, what: str, part: str | None = None) -> None:
        self.findings.add(Finding(kind, what, part))

    def _at_books(self) -> None:
        for finding in check_counts(self.books):
            self.findings.add(finding)
        if self.books.n_open and not self._is_alive:
            self.notes.append(
                f"{self.books.n_open} items are open; `tlray scrape --resume {self._batch_id}` goes on"
            )

    # -- parts -------------------------------------------------------------------------------------

    def _at_part(self, part: PartRow) -> None:
        contents = read_part(part, self._files_of(part))
        self._books.take_rows(contents.rows)
        self.n_bytes += contents.n_bytes
        self.n_rows += len(contents.rows)
        self.n_track_rows += contents.n_tracks
        for path in contents.missing:
            self._found(_K.PART_MISSING, f"{self._name(path)} is not there", part.stem)
        for path, why in contents.damaged:
            self._found(_K.PART_DAMAGED, f"{self._name(path)} cannot be read: {why}", part.stem)
        for other in sorted(contents.of_others):
            self._found(_K.ROW_STRANGE, f"it has rows of batch {other}", part.stem)
        if not contents.is_whole:
            return
        for told, there, name in (
            (part.n_sets, len(contents.rows), "sets"),
            (part.n_tracks, contents.n_tracks, "tracks"),
            (part.n_bytes, contents.n_bytes, "bytes"),
        ):
            if told != there:
                self._found(
                    _K.PART_DIFFERS, f"the manifest says {told} {name}, its files have {there}", part.stem
                )
        for (item, place), claimed, there in contents.unequal:
            what = f"its set {place} claims {claimed} tracks and has {there}"
            self.findings.add(self._books.about(_K.TRACKS_DIFFER, what, item, part.stem))

    def _files_of(self, part: PartRow) -> dict[Piece, Path]:
        """Return where a part's files lie: published, or staged still where a crash came between and a next life publishes.

        A coordinator that holds the home may just have been started, and be slow to come to this part.
        """
        files = {}
        for piece in pieces_of(part):
            path = published_file(self._home, self._batch_id, part.stem, piece)
            staged = staged_file(self._home, self._batch_id, part.stem, piece)
            is_there = self._is_there(path, part.stem)
            if not is_there and not self._is_final and staged.exists():
                self.notes.append(
                    f"{self._name(staged)} counts, and is seen once the next start has published it"
                )
                path = staged
            files[piece] = path
        return files

    def _is_there(self, path: Path, stem: str) -> bool:
        """Whether a file is published; one of a part that was merged into another meanwhile is not waited for."""
        return self._settles(lambda: path.exists() or stem not in self._books.stems_now()) and path.exists()

    def _settles(self, claim: Callable[[], bool]) -> bool:
        """Wait for a claim for as long as a living coordinator may take to make it true."""
        deadline = time.monotonic() + (SETTLE_S if self._is_alive else 0.0)
        while not claim():
            if time.monotonic() >= deadline:
                return False
            time.sleep(0.05)
        return True

    # -- folders -----------------------------------------------------------------------------------

    def _at_folders(self) -> None:
        """Find files that pandas would read and that no manifest names, and what a next start removes."""
        named = {part.stem for part in self._books.parts}
        for piece in Piece:
            folder = published_file(self._home, self._batch_id, "x", piece).parent
            for path in sorted(folder.iterdir()) if folder.is_dir() else []:
                stem = path.name.split(".", 1)[0]
                is_piece = path.name == f"{stem}{_SUFFIXES[piece]}"
                is_hidden = path.name.startswith(("_", "."))
                if not is_hidden and not (stem in named and is_piece):
                    self._at_stranger(path, stem if is_piece else None, piece)
        folder = staging(self._home, self._batch_id)
        n_left = (
            sum(path.name.split(".", 1)[0] not in named for path in folder.iterdir())
            if folder.is_dir()
            else 0
        )
        if n_left and not self._is_alive:
            when = "a retry of its dead letters" if self._is_final else "the next start of the batch"
            self.notes.append(
                f"{n_left} staged files count for nothing and nobody reads them; {when} removes them"
            )

    def _at_stranger(self, path: Path, stem: str | None, piece: Piece) -> None:
        """Look again at a file that the manifest did not name: it may be just published, or just merged into another."""
        if self._settles(lambda: not path.exists() or stem in self._books.stems_now()):
            return
        what = "but pandas reads it" if piece is not Piece.ARCHIVE else "but it lies among the pages"
        until = "" if self._is_final else ", until the next start of the batch removes it"
        self._found(_K.ORPHAN, f"no manifest names it, {what}{until}", self._name(path))

    def _name(self, path: Path) -> str:
        return str(path.relative_to(self._home.path))

    # -- pages -------------------------------------------------------------------------------------

    def _at_attempts(self) -> None:
        """Read the pages that attempts point to."""
        with_pages = {part.stem for part in self._books.parts if part.has_pages}
        for item, stem, offset, length in self._books.pages():
            wrong: str | None = "the manifest names no such archive"
            if stem in with_pages:
                wrong = record_is_whole(self._archive(stem), offset, length)
            if wrong is None:
                self.n_pages += 1
            else:
                what = f"the page of an attempt, at byte {offset}: {wrong}"
                self.findings.add(self._books.about(_K.PAGE_MISSING, what, item, stem))

    def _at_archives(self) -> None:
        """Read every archive to its end, and look for the page of every item that succeeded."""
        self.n_pages = 0
        for part in self._books.parts:
            if not part.has_pages:
                continue
            urls, wrong = page_urls(self._archive(part.stem))
            self.n_pages += sum(urls.values())
            if wrong is not None:
                self._found(_K.PART_DAMAGED, f"its archive: {wrong}", part.stem)
            elif self._books.keeps_pages:
                for item, url in self._books.items_of(part.stem):
                    if target_uri(url) not in urls:
                        self.findings.add(
                            self._books.about(_K.PAGE_MISSING, "its page is not in the archive", item)
                        )

    def _archive(self, stem: str) -> Path:
        """Return where a part's archive lies, published or staged still."""
        path = published_file(self._home, self._batch_id, stem, Piece.ARCHIVE)
        return path if path.exists() else staged_file(self._home, self._batch_id, stem, Piece.ARCHIVE)
