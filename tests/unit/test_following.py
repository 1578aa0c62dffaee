"""How a batch is followed to its end, and drained: the real loop over a batch that the test moves on."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, cast

import pytest

from tlray.batch_run import Listeners, _Run
from tlray.errors import CannotFinish, Conflict, Interrupted

if TYPE_CHECKING:
    from tlray.cluster.driver.client import Client


class Batch:
    """A coordinator's side of one batch: a step at each question."""

    def __init__(self, queued: int, *, begins: int = 2) -> None:
        self.counts = {"queued": queued, "waiting": 0, "leased": 0, "succeeded": 0}
        self.state, self.version, self._begins = "running", 1, begins
        self.heard: list[str] = []

    def told(self) -> dict[str, Any]:
        return {
            "state": self.state,
            "version": self.version,
            "counts": dict(self.counts),
            "trouble": None,
            "domains": {},
        }

    def status(self, batch_id: str) -> dict[str, Any]:
        return self.told()

    def watch(
        self, batch_id: str, since: int, timeout_s: float, *, with_items: bool = False
    ) -> dict[str, Any]:
        counts = self.counts
        counts["succeeded"] += counts["leased"]
        counts["leased"] = min(self._begins, counts["queued"]) if self.state == "running" else 0
        counts["queued"] -= counts["leased"]
        self.version += 1
        if not counts["queued"] and not counts["leased"]:
            self.state = "completed"
        return self.told()

    def control(self, action: str, batch_id: str, *, timeout_s: float = 0.0) -> dict[str, Any]:
        self.heard.append(action)
        if self.state == "completed":
            raise Conflict("it is completed already")
        self.state = "paused"
        return self.told()


def run(batch: Batch, stopping: threading.Event, **listeners: Any) -> _Run:
    return _Run(cast("Client", batch), Listeners(**listeners), stopping, "B")


def test_a_stop_pauses_the_batch_first_and_waits_for_what_is_in_flight() -> None:
    batch, stopping, paused = Batch(10), threading.Event(), []

    def progress(told: dict[str, Any]) -> None:
        if told["counts"]["succeeded"] >= 4:
            stopping.set()

    with pytest.raises(Interrupted, match="--resume B"):
        run(
            batch,
            stopping,
            on_progress=progress,
            on_paused=lambda b: paused.append((b, batch.counts["leased"])),
        ).follow(None)
    assert paused == [("B", 2)], "said before what is in flight has ended"
    assert batch.counts == {"queued": 4, "waiting": 0, "leased": 0, "succeeded": 6}


def test_a_batch_whose_last_items_are_in_flight_at_a_stop_is_completed() -> None:
    batch, stopping = Batch(4), threading.Event()

    def progress(told: dict[str, Any]) -> None:
        if told["counts"]["leased"] and not told["counts"]["queued"]:
            stopping.set()

    told = run(batch, stopping, on_progress=progress).follow(None)
    assert (told["state"], told["counts"]["succeeded"]) == ("completed", 4)
    assert batch.heard == ["pause"]


def test_a_batch_that_ends_just_when_it_is_to_be_paused_is_completed() -> None:
    batch, stopping = Batch(2), threading.Event()
    follower = run(batch, stopping)
    asked = batch.status

    def status(batch_id: str) -> dict[str, Any]:
        told = asked(batch_id)
        batch.state, batch.counts = "completed", {"queued": 0, "waiting": 0, "leased": 0, "succeeded": 2}
        stopping.set()
        return told

    batch.status = status  # type: ignore[method-assign]
    assert follower.follow(None)["state"] == "completed"


def test_a_batch_that_waits_too_long_is_paused_and_named() -> None:
    batch = Batch(2, begins=0)
    waits = {
        "batch_id": "b1",
        "waits_for": {"domain": "a.test", "reason": "blocked: captcha"},
        "waits_until": 9e9,
    }
    batch.told = lambda told=batch.told: {**told(), **waits}  # type: ignore[method-assign,misc]
    with pytest.raises(CannotFinish, match=r"a\.test rests .*--resume b1"):
        run(batch, threading.Event()).follow(60.0)
    assert batch.heard == ["pause"]


def test_a_process_that_leaves_at_once_leaves_no_batch_running() -> None:
    batch = Batch(5)
    run(batch, threading.Event()).leave_paused()
    assert batch.state == "paused"
    done = Batch(0)
    done.state = "completed"
    run(done, threading.Event()).leave_paused()


def test_a_resume_that_was_stopped_before_it_began_changes_nothing() -> None:
    batch, stopping = Batch(5), threading.Event()
    stopping.set()
    with pytest.raises(Interrupted):
        run(batch, stopping).resume(None)
    assert batch.heard == []
