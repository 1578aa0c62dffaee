"""The service is held to its own description: schemathesis asks every call that the OpenAPI document names, as it should be
asked and as it should not, and holds each answer against the document."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from closed import Closed, closed_service
from conftest import Service, Site
from jsonschema import Draft202012Validator

pytestmark = pytest.mark.ray
HERE = Path(__file__).parent
WITHOUT_BODY = {"204"}


@pytest.fixture(scope="module")
def document(service: Service) -> dict[str, Any]:
    return dict(httpx.get(f"{service.url}/openapi.json").json())


def calls(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, call in methods.items():
            yield f"{method.upper()} {path}", call


def validator(document: dict[str, Any], schema: dict[str, Any]) -> Draft202012Validator:
    return Draft202012Validator({**schema, "components": document["components"]})


def examples(document: dict[str, Any], media: dict[str, Any]) -> list[Any]:
    """Return the examples of a body: its own, or those of its model; of a list, one with an example of its items."""
    if "example" in media:
        return [media["example"]]
    schema = media.get("schema", {})
    if schema.get("type") == "array":
        return [[one] for one in examples(document, {"schema": schema["items"]})]
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return list(schema.get("examples", []))


# -- the document itself ------------------------------------------------------------------------------


def test_every_call_has_an_example_of_what_is_sent_and_of_what_comes_back(document: dict[str, Any]) -> None:
    without = []
    for name, call in calls(document):
        assert call["description"], f"{name} is not described"
        without += [
            f"{name}: parameter {parameter['name']}"
            for parameter in call.get("parameters", ())
            if parameter["required"] and not ("example" in parameter or parameter["schema"].get("examples"))
        ]
        sent = call.get("requestBody", {}).get("content", {})
        without += [f"{name}: {kind}" for kind, media in sent.items() if not examples(document, media)]
        status = min(call["responses"])
        told = call["responses"][status].get("content", {})
        if status not in WITHOUT_BODY and not any(examples(document, media) for media in told.values()):
            without.append(f"{name}: the answer {status}")
    assert without == []


def test_every_example_is_as_its_schema_says(document: dict[str, Any]) -> None:
    n_held = 0
    for name, call in calls(document):
        bodies = [call.get("requestBody", {}), *call["responses"].values()]
        for kind, media in (
            (kind, media) for body in bodies for kind, media in body.get("content", {}).items()
        ):
            if not kind.endswith("json"):
                continue  # lines: a schema of one of them
            for example in examples(document, media):
                wrong = [error.message for error in validator(document, media["schema"]).iter_errors(example)]
                assert not wrong, f"{name}, {kind}: {wrong}"
                n_held += 1
    assert n_held > 50


def test_every_call_but_health_says_that_it_needs_a_token(document: dict[str, Any]) -> None:
    open_ones = [name for name, call in calls(document) if not call.get("security")]
    assert open_ones == ["GET /healthz", "GET /readyz"]
    for name, call in calls(document):
        assert name in open_ones or {"401", "403", "429"} <= set(call["responses"]), name


def test_the_document_is_shown_to_people_by_this_service_alone(http: httpx.Client) -> None:
    page = http.get("/docs")
    assert page.status_code == 200
    needed = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(needed) == 5
    for address in needed:
        assert "//" not in address, "of another host"
        assert http.get(f"/{address}").status_code == 200, address
    assert "http" not in page.headers["content-security-policy"]
    scripts = page.headers["content-security-policy"].partition("script-src")[2].partition(";")[0]
    assert scripts.strip() == "'self'"
    assert http.get("/docs/no-such.js").status_code == 404


# -- the service against it ---------------------------------------------------------------------------


def test_a_line_of_results_is_as_the_document_says(
    http: httpx.Client, service: Service, site: Site, document: dict[str, Any]
) -> None:
    batch_id = service.submit(site.urls()[:5])
    service.wait_for(batch_id)
    answer = document["paths"]["/api/v1/batch/{batch_id}/results"]["get"]["responses"]["200"]
    line_schema = validator(document, answer["content"]["application/x-ndjson"]["schema"])
    lines = http.get(f"/api/v1/batch/{batch_id}/results").text.splitlines()
    assert len(lines) == 5
    for line in lines:
        line_schema.validate(json.loads(line))


@pytest.fixture(scope="module")
def closed(service: Service, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Closed]:
    """A service of its own, with tokens and with no bound of how often; whatever is done to it hurts no other test."""
    home = tmp_path_factory.mktemp("described")
    many = {"TLRAY_MAX_BATCHES_PER_MINUTE": "1000000", "TLRAY_MAX_REQUESTS_PER_S": "1000000"}
    with closed_service(home, service, **many) as running:
        yield running


def ask_everything(closed: Closed, site: Site, folder: Path, *arguments: str) -> None:
    """Have schemathesis ask everything; all that it finds wrong goes into the failure."""
    with closed.client("root") as http:
        made = http.post("/api/v1/batch", json={"urls": site.urls()[:3], "name": "asked about"})
        assert made.status_code == 202, made.text
        scheduled = http.post(
            "/api/v1/batch/schedule", json={"cron": "0 3 1 1 *", "urls": site.urls()[:1], "paused": True}
        )
        assert scheduled.status_code == 201, scheduled.text
    env = os.environ | {
        "TLRAY_TOKEN": closed.tokens["root"],
        "BATCH_ID": made.json()["batch_id"],
        "SCHEDULE_ID": scheduled.json()["schedule_id"],
        "HYPOTHESIS_STORAGE_DIRECTORY": str(folder),
        "PYTHONPATH": str(HERE),
        "COLUMNS": "200",
    }
    found = subprocess.run(
        [
            str(Path(sys.executable).with_name("schemathesis")), f"--config-file={HERE / 'schemathesis.toml'}",
            "run", f"{closed.url}/openapi.json", "--checks=all", "--header=X-Tlray-Client: schemathesis", "--no-color",
            *arguments,
        ],
        capture_output=True, text=True, env=env, cwd=folder, check=False,
    )  # fmt: skip
    told = "\n".join(line[:1000] for line in (found.stdout + found.stderr).splitlines())
    assert found.returncode == 0, told
    assert "generated, " in told, f"nothing was asked: {told}"
    with closed.client("root") as http:
        assert http.get("/readyz").status_code == 200


@pytest.mark.timeout(500)
def test_the_service_answers_as_it_says(closed: Closed, site: Site, tmp_path: Path) -> None:
    """All phases but the one of 3,600 calls at the edges of each parameter; the slow test has that, too."""
    ask_everything(
        closed, site, tmp_path, "--seed=1", "--max-examples=3", "--phases=examples,fuzzing,stateful"
    )


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_service_answers_as_it_says_whatever_it_is_asked(
    closed: Closed, site: Site, tmp_path: Path
) -> None:
    ask_everything(closed, site, tmp_path, "--max-examples=100")
