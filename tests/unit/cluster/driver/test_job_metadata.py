"""What a Ray job's metadata say of its batch, and when they are written."""

from __future__ import annotations

from typing import Any

import pytest

from tlray.cluster.driver import job_metadata
from tlray.cluster.driver.job_metadata import EVERY_S, JobNote, metadata_of, submission_id


def told(n_done: int, state: str = "running") -> dict[str, Any]:
    counts = {"queued": 10 - n_done, "waiting": 0, "leased": 0, "succeeded": n_done, "dead": 0}
    return {
        "batch_id": "B1", "name": "summer", "state": state, "total": 10, "tracks": 7 * n_done, "counts": counts,
        "rate_per_min": 11.6, "domains": {},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("config", "job"),
    [
        (None, None),
        ("", None),
        ("no json", None),
        ("[]", None),
        ('{"metadata": {}}', None),
        ('{"metadata": {"job_submission_id": "raysubmit_1"}}', "raysubmit_1"),
    ],
)
def test_a_submitted_job_is_known_by_what_ray_sets(
    monkeypatch: pytest.MonkeyPatch, config: str | None, job: str | None
) -> None:
    monkeypatch.delenv("RAY_JOB_CONFIG_JSON_ENV_VAR", raising=False)
    if config is not None:
        monkeypatch.setenv("RAY_JOB_CONFIG_JSON_ENV_VAR", config)
    assert submission_id() == job


def test_metadata_are_strings() -> None:
    assert metadata_of(told(4)) == {
        "tlray_batch_id": "B1", "tlray_state": "running", "tlray_total": "10", "tlray_succeeded": "4", "tlray_dead": "0",
        "tlray_open": "6", "tlray_tracks": "28", "tlray_name": "summer", "tlray_rate_per_min": "12", "tlray_domains": "",
    }  # fmt: skip


def test_metadata_name_the_largest_domains_and_why_they_rest_in_plain_text() -> None:
    domains = {f"d{n}.test": {"open": n} for n in range(5)}
    domains["d4.test"] |= {"reason": "blocked: \x1b[2Jcaptcha\n"}
    found = metadata_of({**told(4), "name": "a\x1b]0;b\x07\nc", "domains": domains})
    assert found["tlray_domains"] == "d4.test 4 (blocked: ?[2Jcaptcha), d3.test 3, d2.test 2, 1 more"
    assert found["tlray_name"] == "a?]0;b? c"


def test_news_are_written_now_and_then_and_an_end_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    now, written = [0.0], []
    monkeypatch.setattr(
        job_metadata, "write_metadata", lambda job, metadata: written.append(metadata) or True
    )
    note = JobNote("job", clock=lambda: now[0])
    for at, snapshot in (
        (0.0, told(1)),
        (1.0, told(2)),
        (EVERY_S, told(3)),
        (99.0, told(3)),
        (100.0, told(4)),
    ):
        now[0] = at
        note.tell(snapshot)
    note.tell(told(10, "completed"))
    assert [(m["tlray_state"], m["tlray_succeeded"]) for m in written] == [
        ("running", "1"), ("running", "3"), ("running", "4"), ("completed", "10")
    ]  # fmt: skip


def test_what_ray_refuses_stops_no_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(job: str, metadata: dict[str, str]) -> bool:
        raise ConnectionError(job)

    monkeypatch.setattr(job_metadata, "write_metadata", fails)
    JobNote("job").tell(told(1))
