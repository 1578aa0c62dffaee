"""``python -m benchmarks [--quick] [--no-write] [QUESTION]...``: measure, print, write the tables."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from benchmarks import report
from benchmarks.questions import QUESTIONS, ask


def main() -> int:
    """Answer the questions; 3 where a goal is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure tlray next to peers.")
    parser.add_argument(
        "questions", nargs="*", metavar="QUESTION", help=f"all by default: {', '.join(QUESTIONS)}"
    )
    parser.add_argument(
        "--quick", action="store_true", help="small and rough: does it work, and is it in the region"
    )
    parser.add_argument(
        "--no-write", action="store_true", help="leave docs/performance.md and the file of runs as they are"
    )
    options = parser.parse_args()
    if unknown := set(options.questions) - set(QUESTIONS):
        parser.error(f"no question {min(unknown)!r}: choose among {', '.join(QUESTIONS)}")
    answers = {}
    with tempfile.TemporaryDirectory(prefix="tlray-bench-") as folder:
        for name in options.questions or QUESTIONS:
            print(f"{name} …", flush=True)
            answers[name] = answer = ask(name, Path(folder) / name, quick=options.quick)
            print(f"\n{answer.question}\n\n{answer.table()}\n")
            print("\n".join(answer.notes) + "\n", flush=True)
            if not options.no_write:
                report.write({name: answer}, quick=options.quick)
    if not options.no_write:
        print(f"written: docs/{report.DOCUMENT.name}, benchmarks/results/{report.RUNS.name}")
    missed = [
        figure.name for answer in answers.values() for figure in answer.figures if figure.is_met is False
    ]
    if missed:
        print("goals missed: " + "; ".join(missed))
    return 3 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
