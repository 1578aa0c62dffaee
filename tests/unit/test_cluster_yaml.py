"""``cluster.yaml`` is what Ray's own launcher would take; no cloud is asked."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
COMMANDS = (
    "initialization_commands",
    "setup_commands",
    "head_setup_commands",
    "worker_setup_commands",
    "head_start_ray_commands",
    "worker_start_ray_commands",
)


@pytest.fixture(scope="module")
def config() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "cluster.yaml").read_text(encoding="utf-8"))
    return loaded


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
    wrong["available_node_types"]["worker"]["max_worker"] = 10
    with pytest.raises(jsonschema.ValidationError, match="max_worker"):
        jsonschema.validate(wrong, schema)


def test_the_launcher_of_ray_takes_it(config: dict[str, Any]) -> None:
    from ray.autoscaler._private.util import prepare_config, validate_config  # noqa: PLC0415 - slow to import

    prepared = prepare_config(copy.deepcopy(config))
    validate_config(prepared)
    worker = prepared["available_node_types"]["worker"]
    assert (worker["min_workers"], worker["max_workers"], prepared["max_workers"]) == (0, 10, 10)
    assert prepared["available_node_types"]["head"]["max_workers"] == 0


def test_a_task_of_one_cpu_fits_every_node(config: dict[str, Any]) -> None:
    assert all(node["resources"]["CPU"] >= 1 for node in config["available_node_types"].values())


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
