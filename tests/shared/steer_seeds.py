"""Schedules, templates, notifications, and a domain that is paused, for the page. The names are invented."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from made_journal import apply_robots

from tlray.core.model.lifecycle import BatchState
from tlray.core.notify.notification import Delivery, NotificationKind
from tlray.core.schedules.schedule import Overlap, ScheduleState, Timing
from tlray.core.schedules.template import Template
from tlray.io.journal.rows import BatchOptions
from tlray.io.journal.service_rows import ScheduleRow

if TYPE_CHECKING:
    from page_seeds import Seeds

ROBOTS: Final = "User-agent: *\nDisallow: /private\n# <script>alert(1)</script> \u202egnp\n"
QUIET: Final = "quiet.example.com:8443"
WEEKLY, PAUSED_ONE = "sch_00000000000000a1", "sch_00000000000000a2"


def steer(seeds: Seeds, hostile: str, *, owner: str = "") -> None:
    """Add what people steer, of one owner."""
    journal, now = seeds.journal, seeds.now
    journal.set_domain(QUIET, {"rate": 0.125, "concurrency": 1, "is_paused": True})
    apply_robots(journal, "archive.example.org", ROBOTS, None, wall=now - 3_600)
    for n, (id_, name) in enumerate(((WEEKLY, hostile), (PAUSED_ONE, "label nights, monthly"))):
        work = {
            "urls": [f"https://sets.example.org/weekly/{i}" for i in range(30)], "template": None, "variables": {},
            "priority": "low", "options": BatchOptions().to_json(), "webhook": None, "email": None, "asked": {"fresh_for": "7d"},
        }  # fmt: skip
        timing = Timing("30 3 * * MON", "Europe/Berlin", Overlap.QUEUE)
        journal.add_schedule(
            ScheduleRow(
                id_, owner, name, timing, bool(n), now - 90_000, ScheduleState(now - 90_000), work=work
            )
        )
    journal.record_run(WEEKLY, at=now - 7_200, batch_id="20261101-080000-00000001", failure=None)
    journal.record_run(PAUSED_ONE, at=now - 70_000, batch_id=None, failure="template 'x' needs a value for y")
    urls = ("https://sets.example.org/{event}/{year}/{number}", "https://mixes.example.net/{event}-{year}")
    defaults = {"event": "closing", "year": "2026", "number": {"from": 1, "to": 50}}
    journal.put_template(owner, Template("my-festival", urls, hostile[:300], "{event} {year}", {}, defaults))
    journal.put_template(owner, Template("by-number", ("https://sets.example.org/{n}",)))
    notify(seeds, owner)


def notify(seeds: Seeds, owner: str) -> None:
    """Add notifications: one delivered at the second attempt, one given up."""
    journal, now = seeds.journal, seeds.now
    number = seeds.batch(
        "20261102-080000-00000007", "one with a webhook", 4, n_done=4, ago_s=800_000, owner=owner, webhook="http://127.0.0.1:9/tlray?<b>"
    )  # fmt: skip
    seeds.journal.set_batch_state(number, BatchState.COMPLETED, finished_at=now - 790_000)
    journal.add_notice(number, NotificationKind.CHANGED, "a", {"sets": []})
    journal.add_notice(number, NotificationKind.BLOCKED, "mixes.example.net", {"domain": "mixes.example.net"})
    for n, notice in enumerate(journal.claim_notices(wall=now + 60, hold_s=1, limit=10)):
        again = Delivery(503, "answered 503")
        journal.settle_notice(notice.notice_id, again, at=now - 600, took_s=0.2, next_at=now - 300)
        gone = Delivery(410, "answered 410: <b>gone</b>", is_hopeless=True)
        last = gone if n else Delivery(200, "", is_delivered=True)
        journal.settle_notice(notice.notice_id, last, at=now - 300, took_s=0.1, next_at=None)
