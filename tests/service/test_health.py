"""Whether it is alive, can do its work, and how things stand."""

from __future__ import annotations

import httpx
import pytest
from conftest import Service, Site

pytestmark = pytest.mark.ray


def test_it_is_alive_and_ready(http: httpx.Client) -> None:
    assert http.get("/healthz").json()["status"] == "alive"
    assert http.get("/readyz").json()["status"] == "ready"


def test_prometheus_reads_how_things_stand(http: httpx.Client, service: Service, site: Site) -> None:
    service.wait_for(service.submit(site.urls()[:2]))
    answer = http.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    figures = dict(line.rsplit(" ", 1) for line in answer.text.splitlines() if not line.startswith("#"))
    assert float(figures['tlray_batches{state="completed"}']) >= 1
    assert float(figures["tlray_incarnation"]) >= 1
    assert float(figures["tlray_is_halted"]) == 0
    assert float(figures['tlray_items{state="leased"}']) >= 0


def test_the_document_has_an_example_or_a_schema_for_every_body(http: httpx.Client) -> None:
    document = http.get("/openapi.json").json()
    assert document["openapi"].startswith("3.")
    schemas = document["components"]["schemas"]
    for path, calls in document["paths"].items():
        for method, call in calls.items():
            assert call["summary"], path
            for kind, told in call.get("requestBody", {}).get("content", {}).items():
                name = told["schema"].get("$ref", "").rpartition("/")[2]
                has_example = "example" in told or "examples" in schemas.get(name, {})
                assert has_example, f"{method} {path} {kind}"
    assert "HTTPValidationError" not in schemas
    assert http.get("/docs").status_code == 200


def test_head_is_answered_as_get_is_without_the_body(
    http: httpx.Client, service: Service, site: Site
) -> None:
    batch = service.submit(site.urls()[:1])
    service.wait_for(batch)
    of_batch = [f"/api/v1/batch/{batch}/{what}" for what in ("status", "items", "results")]
    for path in ("/healthz", "/readyz", "/docs", "/metrics", "/api/v1/batch", *of_batch):
        told, asked = http.get(path), http.head(path)
        assert (asked.status_code, asked.content) == (200, b""), path
        assert asked.headers["content-type"] == told.headers["content-type"]
        assert "x-content-type-options" in asked.headers
    assert http.head("/api/v1/batch/none/status").status_code == 404
    assert http.head(f"/api/v1/batch/{batch}/events").status_code == 405
    assert http.head(f"/api/v1/batch/{batch}/export?format=csv").headers["content-length"] != "0"
