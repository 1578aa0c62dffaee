"""A real Prometheus scrapes the service and its Ray: every metric of the dashboard and of the rules is there, counts agree with
the journal, also after a restart, and two alerts fire."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from conftest import ROOT, Service, Site, StartSite, wait_until
from real_parts import missing
from receivers import open_receiver

pytestmark = pytest.mark.ray
RULES = ROOT / "deploy" / "prometheus" / "tlray.rules.yml"
DASHBOARD = ROOT / "deploy" / "grafana" / "tlray.json"
EXPORT_S = 120.0
"""Ray exports every 10 s, on a busy machine later."""


@dataclass(frozen=True)
class Prometheus:
    """A running Prometheus."""

    url: str

    def query(self, expression: str) -> list[dict[str, Any]]:
        answer = httpx.get(f"{self.url}/api/v1/query", params={"query": expression}, timeout=30)
        assert answer.status_code == 200, answer.text
        return list(answer.json()["data"]["result"])

    def value(self, expression: str) -> float | None:
        found = self.query(expression)
        return float(found[0]["value"][1]) if found else None

    def by(self, tag: str, metric: str) -> dict[str, int]:
        """Values of a metric by a tag, all lives of the coordinator added up."""
        found = self.query(f"sum by ({tag}) ({metric})")
        return {one["metric"].get(tag, "all"): round(float(one["value"][1])) for one in found}

    def names(self) -> set[str]:
        answer = httpx.get(f"{self.url}/api/v1/label/__name__/values", timeout=30)
        return set(answer.json()["data"])

    def firing(self) -> dict[str, dict[str, Any]]:
        alerts = httpx.get(f"{self.url}/api/v1/alerts", timeout=30).json()["data"]["alerts"]
        return {alert["labels"]["alertname"]: alert for alert in alerts if alert["state"] == "firing"}

    def is_up(self) -> bool:
        try:
            return httpx.get(f"{self.url}/-/ready", timeout=5).status_code == 200
        except httpx.HTTPError:
            return False


def metrics_port(service: Service) -> int:
    """The port of Ray's exporter, as Ray's session folder names it."""
    (file,) = service.ray_folder().glob("metrics_export_port_*")
    return int(file.read_text())


@pytest.fixture(scope="module")
def prometheus(service: Service, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    if shutil.which("prometheus") is None:
        missing("Prometheus", "apt-get install prometheus")
    folder = tmp_path_factory.mktemp("prometheus")
    config = {
        "global": {"scrape_interval": "2s", "evaluation_interval": "2s"},
        "rule_files": [str(RULES)],
        "scrape_configs": [
            {"job_name": "ray", "static_configs": [{"targets": [f"127.0.0.1:{metrics_port(service)}"]}]},
            {"job_name": "tlray", "static_configs": [{"targets": [httpx.URL(service.url).netloc.decode()]}]},
        ],
    }
    (folder / "prometheus.yml").write_text(json.dumps(config), encoding="utf-8")  # JSON is YAML
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    arguments = [
        f"--config.file={folder / 'prometheus.yml'}", f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}", "--log.level=warn",
    ]  # fmt: skip
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(["prometheus", *arguments], stdout=log, stderr=log, start_new_session=True)
    running = Prometheus(f"http://127.0.0.1:{port}")
    try:
        wait_until(running.is_up, what=f"Prometheus, {(folder / 'log').read_text()}")
        yield running
    finally:
        process.terminate()
        process.wait(30)


def test_alerts_fire_for_a_block_and_for_a_notification_that_is_given_up(
    prometheus: Prometheus, service: Service, http: httpx.Client, start_site: StartSite
) -> None:
    wait_until(
        lambda: prometheus.value("sum(ray_tlray_rests_total)") is not None,
        timeout_s=EXPORT_S,
        what="the export",
    )
    assert "TlrayHalted" not in prometheus.firing()
    blocking = start_site("--sites=1", "--sets=4", "--faults=captcha=1")
    with open_receiver() as receiver:
        receiver.answers["/gone"] = [(410, {})] * 9
        batch = service.submit(blocking.urls(), webhook=f"{receiver.url}/gone")
        receiver.wait_for("/gone")
    wait_until(
        lambda: {"TlrayBlocked", "TlrayDeliveriesFail"} <= prometheus.firing().keys(),
        timeout_s=EXPORT_S,
        what="both alerts",
    )
    alert = prometheus.firing()["TlrayBlocked"]
    assert alert["annotations"]["what_to_do"].endswith("docs/operations.md#tlrayblocked")
    assert prometheus.value('max(ray_tlray_domains{state="cooling"})')
    http.post(f"/api/v1/batch/{batch}/cancel").raise_for_status()


def test_every_metric_of_dashboard_and_rules_is_in_a_real_scrape_and_no_panel_is_dead(
    prometheus: Prometheus, service: Service, site: Site
) -> None:
    urls = site.urls()[:6]
    domain = httpx.URL(urls[0]).netloc.decode()
    service.wait_for(service.submit(urls, options={"rates": {domain: "5/s"}, "fresh_for": "0"}))
    wanted = f'sum(ray_tlray_fetches_total{{domain="{domain}"}})'
    wait_until(lambda: prometheus.value(wanted) is not None, timeout_s=EXPORT_S, what="the export")
    text = DASHBOARD.read_text(encoding="utf-8")
    named = set(re.findall(r"ray_tlray_[a-z_]+", text + RULES.read_text(encoding="utf-8")))
    assert named <= prometheus.names()
    assert "ray_tlray_fetch_latency_seconds_bucket" in named
    assert {"tlray_items", "tlray_batches", "tlray_is_halted"} <= prometheus.names(), "the service's own"
    panels = [
        (panel["title"], target["expr"].replace("$home", ".*").replace("$__rate_interval", "1m"))
        for panel in json.loads(text)["panels"]
        for target in panel["targets"]
    ]
    assert not [one for one in panels if "$" in one[1]]
    dead = [
        one for one in panels if not prometheus.query(one[1]) and "ray_tlray_domain_ceiling" not in one[1]
    ]
    assert not dead, "the ceiling has gone with the domain's last item"


def test_tags_are_bounded_and_name_no_batch_and_no_url(
    prometheus: Prometheus, service: Service, site: Site
) -> None:
    batch = service.submit(site.urls()[:2], options={"fresh_for": "0"})
    service.wait_for(batch)
    series = httpx.get(
        f"{prometheus.url}/api/v1/series", params={"match[]": '{__name__=~"ray_tlray_.*"}'}, timeout=30
    )
    found = series.json()["data"]
    assert found
    assert not [one for one in found for value in one.values() if batch in value or "/tracklist/" in value]
    assert not [one for one in found if not one.get("home")]


FETCHES = "SELECT 'all', count(*) FROM attempts WHERE latency_s IS NOT NULL"
COUNTED = {
    "ray_tlray_outcomes_total": ("kind", "SELECT kind, count(*) FROM attempts GROUP BY kind"),
    "ray_tlray_items_finished_total": (
        "state",
        "SELECT state, count(*) FROM items WHERE state NOT IN ('queued', 'waiting', 'leased') GROUP BY state",
    ),
    "ray_tlray_fetches_total": ("", FETCHES),
    "ray_tlray_fetch_latency_seconds_count": ("", FETCHES),
    "ray_tlray_rests_total": ("", "SELECT 'all', count(*) FROM rests"),
    "ray_tlray_tracks_total": ("", "SELECT 'all', coalesce(sum(n_tracks), 0) FROM batches"),
}
"""Metric → the tag by which it is looked at, and what the journal has; without a tag all together."""


QUEUED = (
    "SELECT 'all', count(*) FROM items i JOIN batches b ON b.id = i.batch"
    " WHERE b.batch_id = ? AND i.state IN ('queued', 'waiting')"
)


def in_journal(service: Service, query: str, *given: str) -> dict[str, int]:
    with closing(sqlite3.connect(f"file:{service.home / 'state.db'}?mode=ro", uri=True)) as db:
        return dict(db.execute(query, given).fetchall())


def counted(prometheus: Prometheus, service: Service) -> dict[str, dict[str, int]]:
    """What Prometheus has more of than the journal, by metric and value of its tag; nothing once all is exported."""
    apart = {}
    for metric, (tag, query) in COUNTED.items():
        theirs, ours = prometheus.by(tag, metric), in_journal(service, query)
        apart[metric] = {
            value: theirs.get(value, 0) - ours.get(value, 0) for value in theirs.keys() | ours.keys()
        }
    return apart


def settled(prometheus: Prometheus, service: Service) -> dict[str, dict[str, int]]:
    """The difference, once nothing is under way any more."""
    told = [counted(prometheus, service)]

    def stays() -> bool:
        told.append(counted(prometheus, service))
        return len(told) > 3 and told[-1] == told[-2] == told[-3]

    wait_until(lambda: stays() or bool(time.sleep(6)), timeout_s=EXPORT_S, what="an export of everything")
    return told[-1]


def test_counts_are_those_of_the_journal_whatever_becomes_of_items(
    prometheus: Prometheus, service: Service, http: httpx.Client, start_site: StartSite
) -> None:
    wait_until(
        lambda: prometheus.value("sum(ray_tlray_tracks_total)") is not None,
        timeout_s=EXPORT_S,
        what="the export",
    )
    before = settled(
        prometheus, service
    )  # earlier tests may have killed a coordinator with some of its counts
    faulty = start_site(
        "--sites=2", "--sets=20", "--faults=404=0.2,500=0.1,redirect-site=0.2,robots=0.1,429=0.05"
    )
    blocking = start_site("--sites=1", "--sets=6", "--faults=captcha=1")
    slow = start_site("--sites=1", "--sets=10")
    domain = slow.bases[0].split("//")[1]
    service.wait_for(service.submit(faulty.urls(), options={"fresh_for": "0"}))
    rests = service.submit(blocking.urls())
    waits = service.submit(slow.urls(), options={"rates": {domain: "0.01/s"}})
    wait_until(lambda: bool(prometheus.value('max(ray_tlray_domains{state="blocked"})')), what="the block")
    for batch in (rests, waits):
        http.post(f"/api/v1/batch/{batch}/cancel").raise_for_status()
        service.wait_for(batch, "cancelled")
    wait_until(lambda: counted(prometheus, service) == before, timeout_s=EXPORT_S, what="the same counts")
    kinds = in_journal(service, COUNTED["ray_tlray_outcomes_total"][1])
    assert kinds.keys() >= {"fetched", "redirected", "gone", "blocked", "robots"}, kinds
    assert in_journal(service, COUNTED["ray_tlray_items_finished_total"][1])["cancelled"] >= 10


def test_the_figures_of_a_moment_are_right_again_after_a_restart_of_the_coordinator(
    prometheus: Prometheus, service: Service, http: httpx.Client, start_site: StartSite
) -> None:
    slow = start_site("--sites=1", "--sets=30")
    domain = slow.bases[0].split("//")[1]
    batch = service.submit(slow.urls(), options={"rates": {domain: "0.01/s"}}, priority="low")

    def of_a_later_life(figure: str, life: float) -> float | None:
        return prometheus.value(f"max({figure} and on(WorkerId) ray_tlray_incarnation > {life})")

    def is_right(life: float) -> bool:
        n = in_journal(service, QUEUED, batch)["all"]
        return n > 0 and of_a_later_life('ray_tlray_queue_items{priority="low"}', life) == n

    wait_until(lambda: is_right(0), timeout_s=EXPORT_S, what="the queue")
    life = prometheus.value("max(ray_tlray_incarnation)")
    assert life is not None
    os.kill(service.coordinator_pid(), signal.SIGKILL)
    wait_until(lambda: is_right(life), timeout_s=EXPORT_S, what="the queue of the next life")
    oldest = 'ray_tlray_queue_oldest_seconds{priority="low"}'
    wait_until(
        lambda: (of_a_later_life(oldest, life) or 0) > 5, timeout_s=EXPORT_S, what="the age of the queue"
    )
    assert of_a_later_life("ray_tlray_is_halted", life) == 0
    http.post(f"/api/v1/batch/{batch}/cancel").raise_for_status()
