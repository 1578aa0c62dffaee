"""``cluster.yaml``, as it is and with each provider in its comments, is what Ray's own launcher takes; no cloud is asked."""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
TEXT = (ROOT / "cluster.yaml").read_text(encoding="utf-8")
COMMANDS = (
    "initialization_commands",
    "setup_commands",
    "head_setup_commands",
    "worker_setup_commands",
    "head_start_ray_commands",
    "worker_start_ray_commands",
)


def variant(mark: str) -> dict[str, Any]:
    """The configuration with the lines after ``#MARK`` in the place of what they are for; "" is the file as it is."""
    loaded: dict[str, Any] = yaml.safe_load(TEXT)
    if mark:
        loaded |= yaml.safe_load("\n".join(re.findall(rf"^#{mark} (.*)$", TEXT, re.MULTILINE)))
    if mark == "LOCAL":  # as the file says
        del loaded["head_node_type"], loaded["available_node_types"]
    return loaded


@pytest.fixture(scope="module", params=["", "GCP", "LOCAL"])
def config(request: pytest.FixtureRequest) -> dict[str, Any]:
    return variant(request.param)


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    autoscaler = pytest.importorskip("ray.autoscaler", reason="Ray brings the schema")
    loaded: dict[str, Any] = json.loads(
        Path(autoscaler.__file__).with_name("ray-schema.json").read_text(encoding="utf-8")
    )
    return loaded


def test_it_is_valid_against_the_schema_of_ray(config: dict[str, Any], schema: dict[str, Any]) -> None:
    jsonschema.validate(config, schema)


def test_the_schema_would_notice_a_wrong_name(config: dict[str, Any], schema: dict[str, Any]) -> None:
    wrong = copy.deepcopy(config)
    wrong["idle_timeout_minute"] = 10
    with pytest.raises(jsonschema.ValidationError, match="idle_timeout_minute"):
        jsonschema.validate(wrong, schema)


@pytest.mark.parametrize("mark", ["", "GCP"])
def test_the_launcher_of_ray_takes_it(mark: str) -> None:
    from ray.autoscaler._private.util import prepare_config, validate_config  # noqa: PLC0415 - slow to import

    prepared = prepare_config(variant(mark))
    validate_config(prepared)
    worker = prepared["available_node_types"]["worker"]
    assert (worker["min_workers"], worker["max_workers"], prepared["max_workers"]) == (0, 10, 10)
    assert prepared["available_node_types"]["head"]["max_workers"] == 0


def test_the_launcher_of_ray_takes_machines_that_are_there() -> None:
    from ray.autoscaler._private.util import prepare_config, validate_config  # noqa: PLC0415 - slow to import

    prepared = prepare_config(variant("LOCAL"))
    validate_config(prepared)
    assert prepared["max_workers"] == len(prepared["provider"]["worker_ips"])


def test_a_task_of_one_cpu_fits_every_worker_and_none_runs_beside_the_coordinator(
    config: dict[str, Any],
) -> None:
    types = config.get("available_node_types", {})
    assert {name: node["resources"]["CPU"] for name, node in types.items()} in ({}, {"head": 0, "worker": 4})
    assert any("ray start --head --num-cpus=0" in command for command in config["head_start_ray_commands"])


def test_every_node_has_the_token_and_asks_for_it(config: dict[str, Any]) -> None:
    assert config["file_mounts"]["/home/ubuntu/.ray/auth_token"] == "~/.ray/auth_token"  # noqa: S105 - a path
    assert any("RAY_AUTH_MODE=token" in command for command in config["setup_commands"])


def test_no_command_is_lost_to_a_comment_or_names_an_address(config: dict[str, Any]) -> None:
    for name in COMMANDS:
        for command in config.get(name, []):
            assert "#" not in command, (
                "a folded scalar takes a comment for text, and a shell all that follows it"
            )
            assert "://" not in command
