"""Which questions are there? By the name that the command line takes; a new one is a file and a line here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from benchmarks import (
    adaptive,
    aggregate,
    catalogue,
    cpu_per_page,
    elsewhere,
    eta,
    export,
    frontier,
    import_files,
    journal_cost,
    linking,
    memory,
    metrics_cost,
    nodes,
    page,
    parse_page,
    politeness,
    postgres,
    rabbitmq,
    redis_progress,
    refresh,
    reparse,
    service,
    sockets,
    submit_list,
)
from benchmarks.figures import Answer

QUESTIONS: dict[str, Callable[..., Answer]] = {
    "cpu": cpu_per_page.answer,
    "submit": submit_list.answer,
    "import": import_files.answer,
    "reparse": reparse.answer,
    "memory": memory.answer,
    "parse": parse_page.answer,
    "journal": journal_cost.answer,
    "metrics": metrics_cost.answer,
    "eta": eta.answer,
    "frontier": frontier.answer,
    "adaptive": adaptive.answer,
    "nodes": nodes.answer,
    "politeness": politeness.answer,
    "refresh": refresh.answer,
    "service": service.answer,
    "sockets": sockets.answer,
    "page": page.answer,
    "redis": redis_progress.answer,
    "rabbitmq": rabbitmq.answer,
    "catalogue": catalogue.answer,
    "aggregate": aggregate.answer,
    "linking": linking.answer,
    "export": export.answer,
    "postgres": postgres.answer,
    "elsewhere": elsewhere.answer,
}
"""Name → ``answer(folder, quick=...)``; the folder is empty, and gone afterwards."""


def ask(name: str, folder: Path, *, quick: bool) -> Answer:
    """Measure what one question asks for."""
    folder.mkdir()
    return QUESTIONS[name](folder, quick=quick)
