"""The metadata of the Ray job that runs this process: batch id, state and counts, for `ray job list` and the dashboard.

Ray 2.60 takes metadata at a job's submission only; no public call changes them later. They lie in the GCS's key-value store,
under the job's submission id, beside the status, which Ray's job supervisor writes when a job begins and after it has ended.
Between the two they are written here. A failure costs the batch nothing: the job only says less of itself.
"""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Callable, Mapping

from tlray.core.model.printable import one_line
from tlray.core.model.progress import DomainProgress, Snapshot

logger = logging.getLogger(__name__)
EVERY_S = 5.0
MAX_DOMAINS = 3
OPEN = ("queued", "waiting", "leased")


def submission_id() -> str | None:
    """Return the submission id of the job whose entrypoint this process is; None outside of a job."""
    try:
        told = json.loads(os.environ.get("RAY_JOB_CONFIG_JSON_ENV_VAR", ""))
        return str(told["metadata"]["job_submission_id"])
    except (ValueError, KeyError, TypeError):
        return None


class JobNote:
    """The entries of a job's metadata about its batch."""

    def __init__(self, job: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._job = job
        self._clock = clock
        self._next_at = -float("inf")
        self._last: dict[str, str] = {}

    def tell(self, told: Snapshot) -> None:
        """Write down a snapshot, if it says something new and that was not done just now; an end at once."""
        metadata = metadata_of(told)
        is_news = metadata["tlray_state"] != self._last.get("tlray_state")
        if metadata == self._last or (not is_news and self._clock() < self._next_at):
            return
        self._next_at = self._clock() + EVERY_S
        try:
            if write_metadata(self._job, metadata):
                self._last = metadata
        except Exception:  # Ray's errors for this are many, and the batch goes on
            logger.exception("job metadata not written job=%s", self._job)


def metadata_of(told: Snapshot) -> dict[str, str]:
    """Return what a snapshot says, as the strings that a job's metadata are."""
    counts = told["counts"]
    numbers = {
        "total": told["total"],
        "succeeded": counts["succeeded"],
        "dead": counts["dead"],
        "open": sum(counts[state] for state in OPEN),
        "tracks": told["tracks"],
    }
    texts = {f"tlray_{name}": str(n) for name, n in numbers.items()}
    return {
        "tlray_batch_id": str(told["batch_id"]),
        "tlray_name": one_line(told["name"]),
        "tlray_state": str(told["state"]),
        **texts,
        "tlray_rate_per_min": f"{told['rate_per_min']:.0f}",
        "tlray_domains": _domains(told["domains"]),
    }


def _domains(domains: Mapping[str, DomainProgress]) -> str:
    """Return the domains with the most open items, each with their number and why it rests."""
    at_work = {name: domain for name, domain in domains.items() if domain["open"] > 0}
    largest = sorted(at_work, key=lambda name: -at_work[name]["open"])
    words = [
        f"{name} {at_work[name]['open']}"
        + (f" ({one_line(at_work[name].get('reason', ''))})" if "reason" in at_work[name] else "")
        for name in largest[:MAX_DOMAINS]
    ]
    return ", ".join([*words, *([f"{len(largest) - MAX_DOMAINS} more"] if largest[MAX_DOMAINS:] else [])])


def write_metadata(job: str, metadata: dict[str, str]) -> bool:
    """Add to a running job's metadata; False where Ray knows no such job, or not as one that runs."""
    from ray._private.ray_constants import KV_NAMESPACE_JOB  # noqa: PLC0415 - Ray has no public way
    from ray.dashboard.modules.job.common import JobInfoStorageClient  # noqa: PLC0415
    from ray.experimental.internal_kv import _internal_kv_get, _internal_kv_put  # noqa: PLC0415

    key = JobInfoStorageClient.JOB_DATA_KEY.format(job_id=job)
    kept = _internal_kv_get(key, namespace=KV_NAMESPACE_JOB)
    info = json.loads(kept) if kept else {}
    if info.get("status") not in ("PENDING", "RUNNING"):
        return False
    info["metadata"] = {**(info.get("metadata") or {}), **metadata}
    _internal_kv_put(key, json.dumps(info), overwrite=True, namespace=KV_NAMESPACE_JOB)
    return True
