"""A real Prometheus scrapes the service's Ray: every metric of the dashboard and of the rules is there, and two alerts fire."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
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
            {"job_name": "ray", "static_configs": [{"targets": [f"127.0.0.1:{metrics_port(service)}"]}]}
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
    dead = [
        (panel["title"], target["expr"])
        for panel in json.loads(text)["panels"]
        for target in panel["targets"]
        if not prometheus.query(target["expr"]) and "ray_tlray_domain_ceiling > 0" not in target["expr"]
    ]  # the ceiling has gone with the domain's last item
    assert not dead


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
