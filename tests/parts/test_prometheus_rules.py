"""Alert rules by promtool: they are valid, each has fired once and has its paragraph, and metrics in them are ours."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from real_parts import missing

from tlray.cluster.adapters.metrics import COUNTERS, GAUGES, HISTOGRAMS

pytestmark = pytest.mark.parts
ROOT = Path(__file__).parents[2]
RULES = ROOT / "deploy" / "prometheus" / "tlray.rules.yml"
DASHBOARD = ROOT / "deploy" / "grafana" / "tlray.json"
CASES = Path(__file__).with_name("tlray_rules_test.yml")


def alerts() -> list[dict[str, Any]]:
    loaded = yaml.safe_load(RULES.read_text(encoding="utf-8"))
    return [rule for group in loaded["groups"] for rule in group["rules"]]


def promtool(*arguments: str) -> str:
    if shutil.which("promtool") is None:
        missing("promtool", "apt-get install prometheus")
    done = subprocess.run(["promtool", *arguments], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_rules_are_valid() -> None:
    assert f"SUCCESS: {len(alerts())} rules found" in promtool("check", "rules", str(RULES))


def test_the_configuration_of_the_docs_is_valid(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    (shown,) = re.findall(r"```yaml\n(# prometheus\.yml\n.*?)```", text, re.DOTALL)
    (tmp_path / "prometheus.yml").write_text(shown, encoding="utf-8")
    promtool("check", "config", "--syntax-only", str(tmp_path / "prometheus.yml"))
    assert [job["job_name"] for job in yaml.safe_load(shown)["scrape_configs"]] == ["ray", "tlray"]
    assert all((ROOT / file).is_file() for file in yaml.safe_load(shown)["rule_files"])


def test_each_alert_fires_when_it_should_and_not_else(tmp_path: Path) -> None:
    """Without the annotations, which promtool compares word by word; a real Prometheus renders them in tests/service."""
    loaded = yaml.safe_load(RULES.read_text(encoding="utf-8"))
    for group in loaded["groups"]:
        for rule in group["rules"]:
            del rule["annotations"]
    (tmp_path / "rules.yml").write_text(yaml.safe_dump(loaded), encoding="utf-8")
    cases = CASES.read_text(encoding="utf-8").replace("[RULES]", "[rules.yml]")
    (tmp_path / "cases.yml").write_text(cases, encoding="utf-8")
    promtool("test", "rules", str(tmp_path / "cases.yml"))
    tests = [case for group in yaml.safe_load(cases)["tests"] for case in group["alert_rule_test"]]
    names = {alert["alert"] for alert in alerts()}
    assert {case["alertname"] for case in tests if case.get("exp_alerts")} == names
    assert {case["alertname"] for case in tests if not case.get("exp_alerts")} == names


def test_each_alert_has_a_paragraph_that_says_what_to_do() -> None:
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    for alert in alerts():
        name, words = alert["alert"], alert["annotations"]
        assert f"\n#### {name}\n" in text
        assert words["what_to_do"].endswith(f"docs/operations.md#{name.lower()}")
        assert words["summary"]
        assert alert["labels"]["severity"] in ("critical", "warning", "info")


def test_dashboard_and_rules_name_our_metrics_only_and_the_dashboard_each_of_them() -> None:
    ours = {f"ray_tlray_{name}" for name in GAUGES} | {f"ray_tlray_{name}_total" for name in COUNTERS}
    ours |= {f"ray_tlray_{name}_bucket" for name in HISTOGRAMS}
    dashboard = DASHBOARD.read_text(encoding="utf-8")
    in_dashboard = set(re.findall(r"ray_tlray_[a-z_]+", dashboard))
    in_rules = set(re.findall(r"ray_tlray_[a-z_]+", " ".join(alert["expr"] for alert in alerts())))
    assert in_rules <= ours
    assert in_dashboard == ours


def test_panels_of_the_dashboard_do_not_overlap() -> None:
    panels = json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]
    cells: set[tuple[int, int]] = set()
    for panel in panels:
        place = panel["gridPos"]
        own = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not own & cells
        assert max(x for x, _ in own) < 24
        cells |= own
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert all(
        target["datasource"]["uid"] == "${datasource}" for panel in panels for target in panel["targets"]
    )


def test_each_panel_says_what_it_shows_and_what_it_means_that_there_is_nothing() -> None:
    panels = json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]
    for panel in panels:
        defaults = panel["fieldConfig"]["defaults"]
        assert panel["description"], panel["title"]
        assert defaults["unit"]
        assert defaults["noValue"]
        for target in panel["targets"]:
            assert target["expr"].count('home=~"$home"') == len(re.findall("ray_tlray_", target["expr"])), (
                target
            )
            for counter, taken in re.findall(
                r"(\w*)\(ray_tlray_\w+_(?:total|bucket)\{[^}]*\}(\[\S+\])?", target["expr"]
            ):
                assert (counter, taken) in RANGES, target
    halted = next(panel for panel in panels if "is_halted" in panel["targets"][0]["expr"])
    steps = halted["fieldConfig"]["defaults"]["thresholds"]["steps"]
    assert [(step["color"], step["value"]) for step in steps] == [("green", None), ("red", 1)]


RANGES = {("rate", "[$__rate_interval]"), ("increase", "[10m]"), ("", "")}
"""How counters are looked at; as they are only to ask whether there was one."""
