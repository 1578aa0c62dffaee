"""Resumable upload of a long list: opened, sent in numbered chunks, and made real by one commit.

A chunk that is sent again, because its answer was lost, changes nothing and gets the same answer.
"""

from __future__ import annotations

from tlray.cluster.coordinator.submission import new_batch
from tlray.cluster.handlers.handlers import command, read
from tlray.cluster.handlers.submission import SubmissionHandlers
from tlray.core.model.lifecycle import BatchState, ItemState
from tlray.core.model.receipts import ChunkReceipt, Receipt, UploadRecord
from tlray.core.submission.lines import Chunk, RefusedLine
from tlray.core.submission.receipt_lines import MAX_LINES_LISTED, refused_as_json
from tlray.errors import Conflict, NoSuchBatch, UsageError
from tlray.io.journal.reader import JournalReader
from tlray.io.journal.rows import BatchOptions, BatchRow, ChunkRow


class UploadHandlers(SubmissionHandlers):
    """Methods for a list that comes in chunks."""

    @command
    async def open_upload(
        self,
        batch_id: str,
        *,
        name: str,
        priority: int,
        options: BatchOptions,
        owner: str,
        key: str | None,
        digest: str,
    ) -> Receipt:
        """Open a batch for its pieces."""
        new = new_batch(
            batch_id, name=name, priority=priority, options=options, owner=owner, key=key, digest=digest,
            created_at=self._state.wall(),
        )  # fmt: skip
        return await self.receipt(await self._submissions.create(new))

    @read
    async def chunk_position(self, batch_id: str, piece: int, digest: str) -> tuple[int, ChunkReceipt | None]:
        """Return the number of a piece's first line, and, where it was taken in before, what became of it.

        `Conflict` for one that is not the next, for one that was another before, and where the list is taken in already.
        """
        row = await self._row(batch_id)
        known = await self._reader.ask(lambda journal: journal.chunk(row.id, piece))
        if known is not None:
            if known.digest != digest:
                raise Conflict(f"piece {piece} of batch {batch_id} was sent before with other lines")
            return known.first_line, await self._chunk_receipt(row, known)
        if row.state is not BatchState.RECEIVING:
            raise Conflict(f"batch {batch_id} is {row.state}; nothing can be added to its list")
        so_far = await self._reader.ask(lambda journal: journal.chunks(row.id))
        if piece != so_far.n + 1:
            raise Conflict(f"piece {so_far.n + 1} of batch {batch_id} comes next, not {piece}")
        return so_far.n_lines + 1, None

    @command
    async def append_chunk(
        self, batch_id: str, piece: int, *, digest: str, first_line: int, n_lines: int, chunk: Chunk
    ) -> ChunkReceipt:
        """Take in a piece, all of it or nothing; `BacklogFull` where there is no room for it now."""
        row = await self._row(batch_id)
        await self._submissions.append_chunk(batch_id, ChunkRow(piece, first_line, n_lines, 0, digest), chunk)
        taken = await self._reader.ask(lambda journal: journal.chunk(row.id, piece))
        if taken is None:
            raise NoSuchBatch(batch_id, str(self._state.home.path))  # it was given up just now
        return await self._chunk_receipt(row, taken)

    @command
    async def commit_upload(self, batch_id: str, n_pieces: int | None) -> Receipt:
        """Make a list real, once its pieces are all there; return its receipt. Again, it is only told again."""
        row = await self._row(batch_id)
        if row.state is BatchState.RECEIVING:
            so_far = await self._reader.ask(lambda journal: journal.chunks(row.id))
            if n_pieces is not None and n_pieces != so_far.n:
                raise Conflict(f"{so_far.n} pieces of batch {batch_id} have come, not {n_pieces}")
            if not so_far.n_items:
                raise UsageError(
                    f"batch {batch_id} has no URL that can be fetched, and no file that can be read; append some"
                )
        if not row.state.is_final:  # also where a commit was cut off before it had begun the batch
            await self._submissions.commit(batch_id)
        return await self.receipt(batch_id)

    @read
    async def uploads(self, batch_ids: list[str]) -> list[UploadRecord]:
        """Return those of some batches that exist, by what their uploaded files are needed for."""

        def query(journal: JournalReader) -> list[UploadRecord]:
            rows = [row for batch_id in batch_ids if (row := journal.find_batch(batch_id)) is not None]
            return [
                {
                    "batch_id": row.batch_id, "owner": row.owner, "is_open": not row.state.is_final,
                    "n_dead": journal.totals(row).get(ItemState.DEAD, 0) if row.state.is_final else 0,
                }
                for row in rows
            ]  # fmt: skip

        return await self._reader.ask(query)

    async def _chunk_receipt(self, row: BatchRow, taken: ChunkRow) -> ChunkReceipt:
        after, before = taken.first_line - 1, taken.first_line + taken.n_lines

        def query(journal: JournalReader) -> tuple[list[RefusedLine], tuple[int, int]]:
            lines = journal.refused_lines(row.id, after=after, before=before, limit=MAX_LINES_LISTED)
            return lines, journal.count_refused(row.id, after=after, before=before)

        refused, (n_rejected, n_duplicates) = await self._reader.ask(query)
        return {
            "batch_id": row.batch_id,
            "piece": taken.number,
            "first_line": taken.first_line,
            "lines": taken.n_lines,
            "items": taken.n_items,
            "duplicates": n_duplicates,
            "n_rejected": n_rejected,
            **refused_as_json(
                [line for line in refused if line.first_line is None],
                [line for line in refused if line.first_line is not None],
            ),
        }
