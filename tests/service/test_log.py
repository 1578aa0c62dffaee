"""The log of a real coordinator, in the files of its Ray: one line an event, with the batch's id."""

from __future__ import annotations

import re

import pytest
from conftest import Service, Site, wait_until

pytestmark = pytest.mark.ray
STAMP = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"


def texts_of(service: Service, name: str) -> list[str]:
    files = (service.ray_folder() / "logs").glob(name)
    return [file.read_text(encoding="utf-8", errors="replace") for file in files]


def lines_of(service: Service, batch: str) -> list[str]:
    texts = texts_of(service, "worker-*.err")
    return [line for text in texts for line in text.splitlines() if f"batch={batch}" in line]


def test_a_batch_is_in_the_log_from_its_beginning_to_its_end(service: Service, site: Site) -> None:
    batch = service.submit(site.urls()[:2], options={"fresh_for": "0"})
    service.wait_for(batch)
    wait_until(lambda: any("batch ended" in line for line in lines_of(service, batch)), what="the last line")
    lines = lines_of(service, batch)
    assert re.fullmatch(rf"{STAMP} info batch opened batch={batch} state=running items=2 open=2", lines[0])
    assert re.fullmatch(
        rf"{STAMP} info batch ended batch={batch} state=completed succeeded=2 dead=0 elapsed_s=[\d.]+",
        lines[-1],
    )
    assert all(line.isprintable() for line in lines)


def test_a_coordinator_begins_with_an_event_and_nothing_of_anybody_else(service: Service) -> None:
    (text, *_) = [text for text in texts_of(service, "worker-*.err") if "coordinator started" in text]
    first = next(line for line in text.splitlines() if not line.startswith(":"))
    assert re.match(rf"{STAMP} info coordinator started home=", first), first
