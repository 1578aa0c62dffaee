"""How does a chaos run get into docs/reliability.md? Two tables between markers, and all figures in a JSON file."""

from __future__ import annotations

import json
import re
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path

from benchmarks.chaos.peers import Treated
from benchmarks.chaos.plan import Victim
from benchmarks.chaos.recovery import Killed
from benchmarks.chaos.run import ChaosResult
from benchmarks.report import RUNS, describe_machine

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "reliability.md"
_LEASED = (Victim.WORKER, Victim.NODE, Victim.COORDINATOR, Victim.GCS, Victim.EVERYTHING)


def of_run(result: ChaosResult, command: str) -> str:
    """Return what came of our own run, as Markdown."""
    counts = " + ".join(f"{n:,} {state}" for state, n in sorted(result.counts.items(), key=lambda kv: -kv[1]))
    above = ", ".join(f"{window_s:g} s: {_signed(excess)}" for window_s, excess in result.above_rate.items())
    books = [
        ("items submitted", f"{result.n_items:,} = {counts}"),
        ("kills", f"{len(result.kills)}, seed {result.seed}; {result.wall_s:,.0f} s in all"),
        ("**missing** (a row should be there and is not)", f"**{len(result.missing)}**"),
        ("**twice** (in the results)", f"**{len(result.twice)}**"),
        ("rows of pages that never answer well", str(len(result.unexpected))),
        (
            "fetches; of them pages again that were in flight or not yet reported",
            f"{result.n_fetches:,}; {result.n_fetched_again}",
        ),
        (f"fullest window at a site, against {result.rate:g}/s × t + 1", above),
        ("`tlray audit --pages`", "every count agrees" if result.audit.get("is_right") else "**wrong**"),
        (
            "audits on the way, one after each kill",
            f"{result.n_audits}, of which {len(result.wrong_audits)} found something wrong",
        ),
        ("drivers that gave up", str(len(result.ended_by_itself))),
    ]
    kills = [["killed", "times", "to the next lease", "to the next fetch", "items that it held"]]
    kills += [_row(victim, [kill for kill in result.kills if kill.victim is victim]) for victim in Victim]
    return f"`{command}`\n\n{_table([['', ''], *map(list, books)])}\n\n{_table(kills)}"


def of_peers(treated: Sequence[Treated]) -> str:
    """Return what came of everybody's crawl, as Markdown."""
    head = [
        "",
        "URLs",
        "kills",
        "missing",
        "twice in the results",
        "torn rows",
        "fetched again",
        "seconds in all",
        "ended",
    ]
    rows = [
        [
            one.name, f"{one.n_items:,}", str(one.n_kills), str(one.n_missing), str(one.n_twice), str(one.n_torn),
            str(one.n_fetched_again), f"{one.wall_s:.0f}", one.ended or "in order",
        ]
        for one in treated
    ]  # fmt: skip
    return _table([head, *rows])


def write(name: str, text: str, figures: object) -> None:
    """Put a text between its markers, and its figures into the file of runs."""
    machine = describe_machine()
    versions = ", ".join(f"{program} {number}" for program, number in machine["versions"].items())
    where = f"*{machine['measured_on']}, {machine['cores']} shared cores, Python {machine['python']}, {versions}.*"
    begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    document = DOCUMENT.read_text(encoding="utf-8")
    pattern = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    if not pattern.search(document):
        raise SystemExit(f"{DOCUMENT.name} has no place for {name!r}: add the lines {begin} and {end}")
    DOCUMENT.write_text(
        pattern.sub(lambda _: f"{begin}\n{text}\n\n{where}\n{end}", document), encoding="utf-8"
    )
    kept = json.loads(RUNS.read_text(encoding="utf-8")) if RUNS.exists() else {}
    kept[name] = {"machine": machine, "figures": figures}
    RUNS.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def figures_of(result: ChaosResult) -> dict[str, object]:
    """Return a run as plain data, without what the site's ports make different each time."""
    return {
        **asdict(result),
        "audit": {key: result.audit.get(key) for key in ("is_right", "counts", "parts", "findings")},
    }


def _row(victim: Victim, kills: list[Killed]) -> list[str]:
    leased = _spread(kill.leased_again_s for kill in kills) if victim in _LEASED else "–"
    held = (
        _spread((float(kill.n_lost) for kill in kills), unit="")
        if victim in (Victim.WORKER, Victim.NODE)
        else "–"
    )
    return [victim, str(len(kills)), leased, _spread(kill.next_fetch_s for kill in kills), held]


def _spread(values: Iterable[float | None], unit: str = " s") -> str:
    known = sorted(value for value in values if value is not None)
    if not known:
        return "–"
    median = statistics.median(known)
    return f"{median:.3g}{unit} ({known[0]:.2g}–{known[-1]:.3g})" if len(known) > 1 else f"{median:.3g}{unit}"


def _signed(excess: float) -> str:
    return "exactly full" if excess == 0 else f"{excess:+g}"


def _table(rows: list[list[str]]) -> str:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in rows
    ]
    return "\n".join([lines[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *lines[1:]])
