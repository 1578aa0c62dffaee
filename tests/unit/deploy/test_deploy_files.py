"""The files of ``deploy/`` and the Dockerfile: each is what the program that reads it takes.

KubeRay's schemas are read from the shared folder (``tests/real/conftest.py`` says where), compose's from check-jsonschema, Ray
Serve's from Ray. No test starts a container or a cluster.
"""

from __future__ import annotations

import gzip
import json
import os
import re
import shutil
import subprocess
import sys
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from tlray.settings import Settings

ROOT = Path(__file__).resolve().parents[3]
DEPLOY = ROOT / "deploy"
SHARED = Path(os.environ.get("TLRAY_SHARED") or ROOT.parent / "shared")
OF_TLRAY = {f"TLRAY_{name.upper()}" for name in Settings.model_fields}
PAST_ONE_MACHINE = {"TLRAY_STORAGE", "TLRAY_JOURNAL", "TLRAY_REDIS", "TLRAY_AMQP"}


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def documents() -> dict[str, dict[str, Any]]:
    """Kind → document of deploy/kuberay.yaml."""
    return {found["kind"]: found for found in yaml.safe_load_all(read(DEPLOY / "kuberay.yaml"))}


# -- Kubernetes ------------------------------------------------------------------------------------


def strict(node: Any) -> Any:
    """A schema of a custom resource as JSON Schema that refuses names that it does not know."""
    if isinstance(node, list):
        return [strict(each) for each in node]
    if not isinstance(node, dict):
        return node
    if node.get("x-kubernetes-int-or-string"):
        return {"type": ["integer", "string"]}
    kept = {key: strict(value) for key, value in node.items()}
    if "properties" in kept and not node.get("x-kubernetes-preserve-unknown-fields"):
        kept.setdefault("additionalProperties", False)
    return kept


@pytest.fixture(scope="module", params=["RayCluster", "RayJob", "RayService"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def crd(kind: str) -> dict[str, Any]:
    path = SHARED / "kuberay" / f"ray.io_{kind.lower()}s.yaml.gz"
    if not path.exists():
        pytest.skip(
            f"no schema of KubeRay in {path.parent}; set TLRAY_SHARED to the folder that holds kuberay/"
        )
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    definition = yaml.load(gzip.decompress(path.read_bytes()), loader)  # noqa: S506 - a safe one
    (version,) = [v for v in definition["spec"]["versions"] if v["name"] == "v1"]
    schema: dict[str, Any] = strict(version["schema"]["openAPIV3Schema"])
    schema["properties"]["metadata"] = {"type": "object"}
    return schema


def test_a_resource_is_valid_against_the_schema_of_kuberay(kind: str, crd: dict[str, Any]) -> None:
    jsonschema.Draft7Validator(crd).validate(documents()[kind])


def test_the_schema_of_kuberay_would_notice_a_wrong_name(kind: str, crd: dict[str, Any]) -> None:
    wrong = documents()[kind]
    wrong["spec"]["suspended"] = True
    with pytest.raises(jsonschema.ValidationError, match="suspended"):
        jsonschema.Draft7Validator(crd).validate(wrong)


def test_one_cluster_is_described_twice_and_runs_no_task_on_its_head() -> None:
    found = documents()
    cluster = found["RayCluster"]["spec"]
    assert found["RayService"]["spec"]["rayClusterConfig"] == cluster
    assert (
        found["RayJob"]["spec"]["clusterSelector"]["ray.io/cluster"]
        == found["RayCluster"]["metadata"]["name"]
    )
    assert cluster["headGroupSpec"]["rayStartParams"]["num-cpus"] == "0"
    (workers,) = cluster["workerGroupSpecs"]
    assert (workers["minReplicas"], workers["maxReplicas"]) == (0, 10)
    assert f"ray=={cluster['rayVersion']}" in read(ROOT / "constraints.txt").splitlines()


def test_the_two_ways_of_use_are_told_apart_by_a_label() -> None:
    uses = {kind: found["metadata"]["labels"]["use"] for kind, found in documents().items()}
    assert uses == {"RayCluster": "batches", "RayJob": "batches", "RayService": "service"}


def test_a_pod_may_use_what_it_asks_for_and_takes_its_settings_from_the_secret() -> None:
    cluster = documents()["RayCluster"]["spec"]
    for group in (cluster["headGroupSpec"], *cluster["workerGroupSpecs"]):
        (container,) = group["template"]["spec"]["containers"]
        assert container["resources"]["requests"] == container["resources"]["limits"]
        assert container["envFrom"] == [{"secretRef": {"name": "tlray"}}]


# -- Ray Serve -------------------------------------------------------------------------------------


def serve_configs() -> list[Any]:
    of_service = documents()["RayService"]["spec"]["serveConfigV2"]
    return [yaml.safe_load(text) for text in (read(DEPLOY / "serve.yaml"), of_service)]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of Ray itself
@pytest.mark.parametrize("config", serve_configs(), ids=["serve.yaml", "kuberay.yaml"])
def test_ray_serve_takes_the_configuration(config: dict[str, Any]) -> None:
    from ray.serve.config import AutoscalingConfig  # noqa: PLC0415 - slow to import
    from ray.serve.schema import DeploymentSchema, ServeApplicationSchema, ServeDeploySchema  # noqa: PLC0415

    (application,) = ServeDeploySchema.model_validate(config).applications
    assert application.import_path == "serve_app:app"
    assert (ROOT / "serve_app.py").exists()
    (deployment,) = application.deployments
    assert deployment.name == "tlray"
    (written,) = config["applications"]
    (of_deployment,) = written["deployments"]
    # names that these do not know they pass over in silence
    assert config.keys() <= ServeDeploySchema.model_fields.keys()
    assert written.keys() <= ServeApplicationSchema.model_fields.keys()
    assert of_deployment.keys() <= DeploymentSchema.model_fields.keys()
    assert of_deployment["autoscaling_config"].keys() <= AutoscalingConfig.model_fields.keys()


# -- compose ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(read(DEPLOY / "compose.yaml"))
    return loaded


def test_compose_is_valid_against_the_specification(compose: dict[str, Any]) -> None:
    pytest.importorskip("check_jsonschema", reason="it brings the schema")
    vendored = resources.files("check_jsonschema.builtin_schemas") / "vendor" / "compose-spec.json"
    schema = json.loads(vendored.read_text(encoding="utf-8"))
    jsonschema.validate(compose, schema)
    compose["services"]["tlray"]["healthchek"] = {}
    with pytest.raises(jsonschema.ValidationError, match="healthchek"):
        jsonschema.validate(compose, schema)
    del compose["services"]["tlray"]["healthchek"]


def test_what_a_service_of_compose_names_is_there(compose: dict[str, Any]) -> None:
    services = compose["services"]
    for name, service in services.items():
        assert set(service.get("depends_on", ())) <= services.keys(), name
        assert {volume.partition(":")[0] for volume in service.get("volumes", ())} <= compose[
            "volumes"
        ].keys()
        assert {one["source"] for one in service.get("configs", ())} <= compose["configs"].keys()
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ())), "loopback only"
        assert "build" in service or re.search(r":\d", service["image"]), "an image has a version"


def test_every_password_of_compose_is_asked_for_and_none_is_in_the_file() -> None:
    text, example = read(DEPLOY / "compose.yaml"), read(DEPLOY / "compose.env.example")
    asked = set(re.findall(r"(?<!\$)\$\{(\w+)", text))
    assert asked == set(re.findall(r"^(\w+)=", example, re.MULTILINE))
    required = set(re.findall(r"\$\{(\w+):\?", text))
    assert required == asked, "each of them without a value is an error"
    assert "deploy/.env" in read(ROOT / ".gitignore").splitlines()


# -- the settings they name ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    ["cluster.yaml", "deploy/kuberay.yaml", "deploy/serve.yaml", "deploy/compose.yaml", "deploy/tlray.service", "docs/deploy.md"],
)  # fmt: skip
def test_every_setting_that_a_file_names_is_one(name: str) -> None:
    named = set(re.findall(r"\bTLRAY_[A-Z_]+\b", read(ROOT / name)))
    assert named
    assert named <= OF_TLRAY | PAST_ONE_MACHINE | {"TLRAY_TOKEN"}


# -- the image, the unit ---------------------------------------------------------------------------


def test_a_linter_of_dockerfiles_has_nothing_to_say_against_ours(tmp_path: Path) -> None:
    hadolint = shutil.which("hadolint", path=str(Path(sys.executable).parent))
    if hadolint is None:
        pytest.skip("no hadolint for this system")
    # DL3008: Debian's own versions. DL3013: those of pip are in constraints.txt.
    lint = [hadolint, "--no-color", "--ignore=DL3008", "--ignore=DL3013"]
    done = subprocess.run([*lint, str(ROOT / "Dockerfile")], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")
    wrong = tmp_path / "Dockerfile"
    wrong.write_text(read(ROOT / "Dockerfile").replace("FROM python:3.11-slim", "FROM python"))
    assert subprocess.run([*lint, str(wrong)], capture_output=True, check=False).returncode == 1


def test_what_the_image_copies_is_there_and_is_not_ignored() -> None:
    copied = re.findall(r"^COPY (.+) \S+$", read(ROOT / "Dockerfile"), re.MULTILINE)
    names = {name for line in copied for name in line.split() if name != "."}
    kept = {
        line[1:].rstrip("/") for line in read(ROOT / ".dockerignore").splitlines() if line.startswith("!")
    }
    assert names <= kept
    assert all((ROOT / name).exists() for name in kept)
    assert {"tlray", "jobs", "serve_app.py"} <= kept


def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd-analyze is not here: apt-get install systemd")
    text = read(DEPLOY / "tlray.service")
    unit = tmp_path / "tlray.service"

    def said(content: str) -> str:
        unit.write_text(content.replace("/opt/tlray/.venv/bin/tlray", sys.executable))
        done = subprocess.run(
            [analyze, "verify", "--man=no", str(unit)], capture_output=True, text=True, check=False
        )
        return "\n".join(line for line in done.stderr.splitlines() if "tlray.service" in line)

    assert said(text) == ""
    assert "KilMode" in said(text.replace("KillMode=mixed", "KilMode=mixed"))
