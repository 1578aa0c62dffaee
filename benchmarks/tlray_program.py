"""tlray as a program that can be weighed: commands come on stdin, one JSON line each, answers go to stdout.

It is the driver; the Ray it starts is its own, in its process tree. Of tlray nothing is imported before it is
needed, so that an idle Ray is weighed without it.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any


class Program:
    """A driver with its own Ray."""

    def __init__(self) -> None:
        self._session: Any = None
        self._client: Any = None

    def idle(self, n_workers: int) -> dict[str, Any]:
        """Start a Ray as tlray would, and so many workers that have done nothing of ours."""
        import ray  # noqa: PLC0415

        ray.init(
            address="local", include_dashboard=False, num_cpus=n_workers,
            object_store_memory=256 * 1024 * 1024, log_to_driver=False, logging_level="error",
        )  # fmt: skip
        nothing = ray.remote(_sleep)
        ray.get([nothing.remote(0.5) for _ in range(n_workers)])
        return {}

    def open(self, home: str, max_workers: int | None = None) -> dict[str, Any]:
        """Start what `tlray scrape` starts: Ray if it is not there yet, and the home's coordinator."""
        from tlray.cluster.driver.client import Client  # noqa: PLC0415
        from tlray.cluster.driver.session import open_session  # noqa: PLC0415
        from tlray.io.disk.home import Home  # noqa: PLC0415
        from tlray.settings import read_settings  # noqa: PLC0415

        settings = read_settings(home=home, max_workers=max_workers)
        self._session = open_session(Home(settings.home), settings)
        self._client = Client(self._session.coordinator)
        return {}

    def submit(self, path: str, rates: dict[str, str] | None = None) -> dict[str, Any]:
        """Submit a list, with rates as `tlray scrape --rate` takes them; return the seconds until it was durable."""
        from tlray.io.intake.url_list import read_chunks  # noqa: PLC0415
        from tlray.scrape_options import ScrapeOptions  # noqa: PLC0415

        options, priority = ScrapeOptions(rates=rates or {}).checked()
        begun = time.perf_counter()
        submitted = self._client.submit(read_chunks(_lines(path)), options=options, priority=priority)
        return {
            "batch_id": submitted.batch_id, "seconds": time.perf_counter() - begun, "total": submitted.total,
            "duplicates": submitted.n_duplicates, "rejected": submitted.n_rejected,
        }  # fmt: skip

    def scrape(self, path: str) -> dict[str, Any]:
        """Submit a list and follow it to its end, as `tlray scrape` does."""
        return self._follow(self.submit(path)["batch_id"])

    def import_files(self, path: str) -> dict[str, Any]:
        """Import a folder and follow its batch to the end, as `tlray import` does."""
        from tlray.io.intake.file_list import file_chunks  # noqa: PLC0415
        from tlray.io.process.malloc import keep_freed_memory  # noqa: PLC0415
        from tlray.scrape_options import ScrapeOptions  # noqa: PLC0415

        keep_freed_memory()
        options, priority = ScrapeOptions(fresh_for=0).checked()
        submitted = self._client.submit(file_chunks([Path(path)]), options=options, priority=priority)
        return self._follow(submitted.batch_id)

    def reparse(self, home: str, batch_ids: list[str], changed_only: bool = False) -> dict[str, Any]:
        """Read the archives of batches again, as `tlray reparse` does."""
        from tlray.cluster.driver.reparse import cpus, reparse  # noqa: PLC0415
        from tlray.io.disk.home import Home  # noqa: PLC0415

        n_pages = n_changed = n_left = 0
        for done in reparse(
            self._client,
            Home(Path(home)),
            batch_ids,
            changed_only=changed_only,
            max_tasks=cpus(),
            stopping=threading.Event(),
        ):
            n_pages += done.result.n_pages
            n_changed += len(done.result.changed)
            n_left += done.result.n_skipped + len(done.result.kept)
        return {"pages": n_pages, "changed": n_changed, "left": n_left}

    def _follow(self, batch_id: str) -> dict[str, Any]:
        told = self._client.status(batch_id)
        while told["state"] not in ("completed", "cancelled"):
            if told["trouble"]:
                raise SystemExit(told["trouble"])
            told = self._client.watch(batch_id, told["version"], 0.5)
        return {
            "batch_id": batch_id,
            "counts": told["counts"],
            "tracks": told["tracks"],
            "elapsed_s": told["elapsed_s"],
        }

    def cancel(self, batch_id: str) -> dict[str, Any]:
        """Cancel a batch."""
        return {"state": self._client.control("cancel", batch_id)["state"]}

    def close(self) -> dict[str, Any]:
        """End it all."""
        if self._session is not None:
            self._session.close()
        else:
            import ray  # noqa: PLC0415

            ray.shutdown()
        return {}


def _sleep(seconds: float) -> None:
    time.sleep(seconds)


def _lines(path: str) -> Iterator[str]:
    with Path(path).open(encoding="utf-8") as file:
        yield from file


def main() -> None:
    """Do as told until stdin closes."""
    program = Program()
    commands: dict[str, Callable[..., dict[str, Any]]] = {
        "idle": program.idle, "open": program.open, "submit": program.submit, "scrape": program.scrape,
        "import_files": program.import_files, "reparse": program.reparse,
        "cancel": program.cancel, "close": program.close,
    }  # fmt: skip
    for line in sys.stdin:
        told = json.loads(line)
        answer = commands[told.pop("do")](**told)
        sys.stdout.write(f"\n>{json.dumps(answer)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
