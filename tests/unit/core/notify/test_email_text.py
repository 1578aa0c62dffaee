"""A notice says to a person what a program is told."""

from __future__ import annotations

from typing import Any

import pytest

from tlray.core.notify.email_text import letter
from tlray.core.notify.notification import NotificationKind

DATA: dict[str, Any] = {
    "batch_id": "20261124-030000-a1b2c3",
    "name": "closing sets",
    "state": "completed",
    "total": 1_234,
    "counts": {"queued": 0, "succeeded": 1_232, "dead": 2},
}


@pytest.mark.parametrize(
    ("kind", "more", "subject"),
    [
        ("batch.completed", {}, "tlray: closing sets is complete: 1,232 of 1,234 sets, 2 dead letters"),
        (
            "batch.completed",
            {"name": "", "counts": {}},
            "tlray: batch 20261124-030000-a1b2c3 is complete: 0 of 1,234 sets, 0 dead letters",
        ),
        ("batch.cancelled", {}, "tlray: closing sets was cancelled: 1,232 of 1,234 sets kept"),
        ("batch.dead_letters", {}, "tlray: closing sets has dead letters"),
        ("domain.blocked", {"domain": "a.test", "reason": "blocked: captcha"}, "tlray: closing sets: a.test blocks"),
        ("tracklist.changed", {}, "tlray: closing sets: sets have changed"),
        # a name that looks like a place in a text is a name
        ("batch.dead_letters", {"name": "{dj}"}, "tlray: {dj} has dead letters"),
    ],
)  # fmt: skip
def test_every_kind_has_its_words(kind: str, more: dict[str, Any], subject: str) -> None:
    found, text = letter({"type": kind, "timestamp": "", "data": {**DATA, **more}})
    assert found == subject
    assert "batch 20261124-030000-a1b2c3" in text
    if not more:
        assert "     1,232  succeeded\n         2  dead\n" in text
        assert "queued" not in text


def test_the_first_dead_letters_are_named() -> None:
    dead = [{"url": "http://a.test/1", "reason": "gone: 404"}, {"url": "http://a.test/2", "reason": None}]
    _, text = letter({"type": "batch.completed", "timestamp": "", "data": {**DATA, "dead_letters": dead}})
    assert text.endswith(
        "The first dead letters:\nhttp://a.test/1\n    gone: 404\nhttp://a.test/2\n    no reason is on record\n"
    )


def test_every_kind_is_tried_here() -> None:
    assert {kind.value for kind in NotificationKind} == {
        "batch.completed", "batch.cancelled", "batch.dead_letters", "domain.blocked", "tracklist.changed",
    }  # fmt: skip
