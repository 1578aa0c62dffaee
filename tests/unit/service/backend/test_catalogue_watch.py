"""A service keeps the catalogue up to date and announces changes: the real coordinator's outbox, without Ray."""

from __future__ import annotations

import json
import time
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from made_catalogue import MadeHome
from made_desk import Desk
from made_sets import a_set, a_track

from tlray.core.notify.notification import Underway
from tlray.io.disk.home import Home
from tlray.model import Tracklist
from tlray.service.backend import catalogue_watch
from tlray.service.backend.catalogue_watch import CatalogueWatch
from tlray.service.backend.gateway import Gateway

HOOK = "https://hooks.example.org/x"


def night(*names: str) -> Tracklist:
    tracks = [a_track(n, artist=name, title=f"T{name}") for n, name in enumerate(names, 1)]
    return a_set(*tracks, source_id="s1", fetched_at=None)


async def test_a_changed_set_is_told_to_the_webhook_of_its_batch(tmp_path: Path) -> None:
    made = MadeHome(tmp_path)
    made.batch("b1", [night("A")], webhook=HOOK)
    made.finish("b1")
    made.close()
    desk = Desk(tmp_path)
    watch = CatalogueWatch(cast(Gateway, SimpleNamespace(home=Home(tmp_path), coordinator=desk.coordinator)))
    await watch.step()  # what is there when it begins is old
    desk.close()

    made = MadeHome(tmp_path)
    for batch_id, finished_at, webhook in (
        ("b2", 2.0, HOOK),  # long ago
        ("b3", time.time(), None),
        ("b4", time.time(), HOOK),
    ):
        made.batch(batch_id, [night("A", batch_id)], webhook=webhook)
        made.finish(batch_id, finished_at)
    made.close()
    desk = Desk(tmp_path, is_restart=True)
    desk.state.journal.want_events(time.time() + 3_600)
    watch = CatalogueWatch(cast(Gateway, SimpleNamespace(home=Home(tmp_path), coordinator=desk.coordinator)))
    await watch.step()
    await watch.step()
    events = desk.state.journal.events("home", 10)
    assert [(event.kind, event.batch_id) for event in events] == [
        ("tracklist.changed", batch_id) for batch_id in ("b2", "b3", "b4")
    ]
    assert events[0].data["sets"][0]["cursor"]
    (notice,) = await desk.coordinator.take_notices(10, 0.0, Underway())
    said = json.loads(notice["body"])
    assert (said["type"], said["data"]["batch_id"], notice["target"]) == ("tracklist.changed", "b4", HOOK)
    (found,) = said["data"]["sets"]
    assert (found["site"], found["source_id"], found["changes"]) == (
        "1001tracklists",
        "s1",
        {"added": 1, "removed": 1},
    )
    assert "dead_letters" not in said["data"]
    desk.close()


async def test_a_service_without_a_journal_waits_for_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(catalogue_watch.asyncio, "sleep", sleep)
    with pytest.raises(KeyboardInterrupt):
        await CatalogueWatch(cast(Gateway, SimpleNamespace(home=Home(tmp_path), coordinator=None))).run()
    assert waits == [catalogue_watch.AFTER_TROUBLE_S] * 2
    assert "there is no journal" in caplog.text
