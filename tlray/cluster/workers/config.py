"""Configuration of the scrape tasks of a coordinator. Light: the coordinator loads neither aiohttp nor Arrow for it."""

from __future__ import annotations

from dataclasses import dataclass, field

from tlray.io.disk.storage import Storage
from tlray.io.http.limits import FetchLimits
from tlray.io.process.event_log import LogConfig


@dataclass(frozen=True, slots=True)
class ScrapeConfig:
    """The terms of every task."""

    home: str
    home_id: str
    """The word in the home by which a task sees that it looks at the same storage."""
    user_agent: str
    """For batches of a journal without terms (`tlray.core.scheduling.batch_config`); as is the timeout of ``limits``."""
    limits: FetchLimits = field(default_factory=FetchLimits)
    storage: Storage | None = None
    """Where results go, with its credentials; None: into the home."""
    heartbeat_s: float = 5.0
    """A task says so often, at the least, that it lives."""
    log: LogConfig = field(default_factory=LogConfig)
    """The form of the log, of the coordinator, too."""
    identity: str = ""
    """The name of the home in those of its actors (`tlray.io.journal.opening.identity_of`)."""
