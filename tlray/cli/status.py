"""``tlray list``, ``status`` and ``dead``: the batches of a home, read from its journal without Ray.

With ``--url`` they ask a running service, see `tlray.cli.service_status`.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from tlray.cli import service_status
from tlray.cli.batch_text import WHOLE, batch_line, quality_text, status_head, terminal_width
from tlray.cli.options import HomeOption
from tlray.cli.progress_text import why_text
from tlray.cli.service_options import Json, OrService, service
from tlray.core.model.amounts import plural
from tlray.core.model.lifecycle import OPEN_ITEM_STATES, BatchState, ItemState
from tlray.errors import UsageError
from tlray.io.disk.home import Home
from tlray.io.disk.local_time import utc_second
from tlray.io.disk.private_files import open_to_others
from tlray.io.journal.domain_status import stored_waits
from tlray.io.journal.opening import has_journal, holder_elsewhere, open_reader
from tlray.io.journal.rows import AttemptRow, BatchRow, ItemRow, totals
from tlray.settings import read_settings

QUALITY_S = 1.0
"""So long the catalogue may take to read what it lacks."""


def list_batches(home: HomeOption = None, url: OrService = None, as_json: Json = False) -> None:
    """List the batches of a home, or of a running service, the newest first.

    Example: tlray list --home sets
    """
    if url is not None:
        with service(url, home=home) as client:
            service_status.print_batches(client, as_json=as_json)
        return
    where = Home(read_settings(home=home).home)
    if not has_journal(where):
        sys.stderr.write(f"nothing was scraped into {where.path} yet\n")
        return
    is_held = print_holder(where)
    width, any_sleeps = terminal_width(), False
    with open_reader(where.path) as journal:
        for row, counts in journal.batch_summaries():
            sleeps = is_asleep(row, is_held=is_held)
            row_json = {
                "batch_id": row.batch_id, "name": row.name, "state": row.state, "total": sum(counts.values()),
                "counts": as_resumed(row, counts) if sleeps else counts, "tracks": row.n_tracks,
                "created_at": row.created_at, "sleeps": sleeps,
            }  # fmt: skip
            print(json.dumps(row_json) if as_json else batch_line(row_json, width=width))
            any_sleeps |= sleeps
    if any_sleeps and not as_json and width is not None and width < WHOLE:  # no room to say it in each line
        sys.stderr.write(
            f"nobody works at open batches here: `tlray scrape --resume BATCH --home {where.path}` goes on\n"
        )


def status(
    batch_id: Annotated[str, typer.Argument(help="The batch.")],
    home: HomeOption = None,
    url: OrService = None,
    lines: Annotated[
        bool, typer.Option("--lines", help="Name the rejected and duplicate lines of its list.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Show how far a batch is, by domain.

    Example: tlray status 20261123-120000-a1b2c3
    """
    if url is not None:
        with service(url, home=home) as client:
            service_status.print_status(client, batch_id, lines=lines, as_json=as_json)
        return
    where = Home(read_settings(home=home).home)
    is_held = print_holder(where)
    with open_reader(where.path) as journal:
        row = journal.batch(batch_id)
        by_domain = journal.counts(row.id)
        if sleeps := is_asleep(row, is_held=is_held):
            by_domain = {domain: as_resumed(row, states) for domain, states in by_domain.items()}
        counts = totals(by_domain)
        refused = journal.refused_lines(row.id) if lines else []
        now = time.time()
        waiting = stored_waits(journal, row, by_domain, wall=now)
        quality = quality_of(where.path, batch_id) if row.n_tracks else None
        row_json = {
            "batch_id": row.batch_id, "name": row.name, "state": row.state, "total": sum(counts.values()), "counts": counts,
            "duplicates": row.n_duplicates, "n_rejected": row.n_rejected, "found": row.n_found, "lists": row.n_lists,
            "tracks": row.n_tracks, "retries": row.n_retries,
            "blocked": row.n_blocked, "elapsed_s": row.elapsed_s, "domains": by_domain, "waits": waiting, "sleeps": sleeps,
            "quality": quality,
        }  # fmt: skip
        if as_json:
            if lines:
                row_json["lines"] = [{"line": r.line, "text": r.text, "reason": r.reason} for r in refused]
            print(json.dumps(row_json))
            return
    text = [*status_head(row_json), *filter(None, [quality_text(quality)])]
    for domain, states in sorted(by_domain.items(), key=lambda kv: -sum(kv[1].values())):
        words = [
            ", ".join(f"{n:,} {state}" for state, n in states.items()),
            why_text(waiting.get(domain, {}), now),
        ]
        text.append(f"  {domain}: " + "; ".join(filter(None, words)))
    text += [f"  line {line.line}: {line.reason} ({line.text!r})" for line in refused]
    print("\n".join(text))


def quality_of(path: Path, batch_id: str) -> dict[str, Any] | None:
    """Return the quality of a batch's sets, as far as it is known after a second; None if it cannot be read."""
    from tlray.io.catalogue.batch_quality import batch_quality  # noqa: PLC0415 - Arrow is loaded where it is used

    try:
        home = Home.of(path, read_settings(home=path).storage)
    except UsageError:  # its results are elsewhere
        return None
    return batch_quality(home, batch_id, within_s=0.0 if home.has_objects else QUALITY_S)


def print_holder(home: Home) -> bool:
    """Return whether a coordinator works in a home; say on stderr where, and what ends it, and whether others can read the home.

    Nobody else may know of one: what started it has gone, or was a service that `serve shutdown` has removed.
    """
    if (is_open := open_to_others(home.path)) is not None:
        sys.stderr.write(f"{is_open}\n")
    if not home.is_held():
        if (elsewhere := holder_elsewhere(home)) is not None:
            sys.stderr.write(f"another machine works at it: {elsewhere}\n")
        return elsewhere is not None
    holder = home.holder()
    where = f"the Ray at {holder.ray_address}" if holder and holder.ray_address else "this machine"
    sys.stderr.write(
        f"a coordinator works in {home.path}, on {where}; `tlray stop --home {home.path}` ends it\n"
    )
    return True


def is_asleep(row: BatchRow, *, is_held: bool) -> bool:
    """True if nobody works at a batch until it is resumed: no coordinator holds its home, or none was asked to go on with it.

    One that was killed, and that Ray is starting again, holds nothing for a second.
    """
    return not row.state.is_final and (row.is_dormant or not is_held)


def as_resumed(row: BatchRow, counts: dict[ItemState, int]) -> dict[ItemState, int]:
    """Return the items of a batch that sleeps as the next coordinator takes them up: what was leased is queued again, and where
    the batch was being cancelled, what is open is cancelled."""
    back = {ItemState.LEASED: ItemState.QUEUED}
    if row.state is BatchState.CANCELLING:
        back = dict.fromkeys(OPEN_ITEM_STATES, ItemState.CANCELLED)
    found: dict[ItemState, int] = {}
    for state, n in counts.items():
        after = back.get(state, state)
        found[after] = found.get(after, 0) + n
    return found


def dead(
    batch_id: Annotated[str, typer.Argument(help="The batch.")],
    home: HomeOption = None,
    url: OrService = None,
    reason: Annotated[str | None, typer.Option(help="Only those whose reason contains this word.")] = None,
    as_json: Json = False,
) -> None:
    """Show a batch's dead letters, each with its whole story.

    Example: tlray dead 20261123-120000-a1b2c3 --reason timeout
    """
    if url is not None:
        with service(url, home=home) as client:
            service_status.print_dead(client, batch_id, reason=reason, as_json=as_json)
        return
    with open_reader(read_settings(home=home).home) as journal:
        for item in journal.items(batch_id, ItemState.DEAD):
            if reason is not None and reason not in (item.reason or ""):
                continue
            story = journal.attempts([item.item_id])[item.item_id]
            before = journal.died_before(item)
            print(json.dumps(_json(item, story, before)) if as_json else _text(item, story, before))
    sys.stdout.flush()


def _json(item: ItemRow, story: list[AttemptRow], before: tuple[int, bool]) -> dict[str, object]:
    return {
        "item_id": item.item_id, "line": item.line, "url": item.url, "reason": item.reason, "attempts": item.attempt,
        "n_lost": item.n_lost, "fingerprint": item.fingerprint, "n_dead_elsewhere": before[0], "was_ever_had": before[1],
        "story": [{name: getattr(row, name) for name in AttemptRow.__slots__} for row in story],
    }  # fmt: skip


def _text(item: ItemRow, story: list[AttemptRow], before: tuple[int, bool]) -> str:
    lines = [f"{item.item_id}  {item.url}", f"    {item.reason}"]
    n_elsewhere, was_ever_had = before
    if n_elsewhere and not was_ever_had:
        lines.append(f"    died in each of {n_elsewhere + 1} batches that wanted it; a retry may be in vain")
    elif n_elsewhere:
        lines.append(
            f"    died in {plural(n_elsewhere, 'other batch', 'other batches')}, too; at least one has had it"
        )
    for row in story:
        at = utc_second(row.started_at or None)
        took = f" {row.latency_s:.2f} s" if row.latency_s is not None else ""
        node = f" on {row.node[:12]}" if row.node else ""
        where = f"  page: {row.part} at byte {row.raw_offset}" if row.raw_offset is not None else ""
        lines.append(
            f"    attempt {row.attempt}  {at}  {row.kind} {row.reason or ''} {row.status or ''}{took}{node}{where}".rstrip()
        )
    return "\n".join(lines)
