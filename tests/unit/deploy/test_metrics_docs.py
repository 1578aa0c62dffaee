"""The tables of metrics in docs/operations.md: exactly what the code exports, with types, tags, units and meanings."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tlray.cluster.adapters.metrics import COUNTERS, FIRST, GAUGES, HISTOGRAMS
from tlray.core.model.item import Priority
from tlray.core.scheduling.engine import Engine
from tlray.core.scheduling.gauges import gauges
from tlray.service.routes.metrics import ALONE, BY, REDIS

TEXT = (Path(__file__).parents[3] / "docs" / "operations.md").read_text(encoding="utf-8")
Row = tuple[str, tuple[str, ...], str]
"""Type, tags, meaning."""


def documented(prefix: str) -> dict[str, Row]:
    rows = re.findall(rf"^\| `({prefix}_[a-z_]+)` \|(.*)\|$", TEXT, re.MULTILINE)
    found = {name: [cell.strip() for cell in cells.split("|")] for name, cells in rows}
    assert len(found) == len(rows), "each once"
    assert {len(cells) for cells in found.values()} == {4}
    return {
        name: (cells[0], tuple(filter(None, cells[1].split(", "))), cells[3]) for name, cells in found.items()
    }


def units(prefix: str) -> dict[str, str]:
    rows = re.findall(rf"^\| `({prefix}_[a-z_]+)` \|[^|]*\|[^|]*\| ([^|]*) \|", TEXT, re.MULTILINE)
    return dict(rows)


def test_the_metrics_that_ray_exports_are_documented_and_no_others() -> None:
    ours: dict[str, Row] = {
        **{f"ray_tlray_{name}": ("gauge", tags, about) for name, (about, tags) in GAUGES.items()},
        **{f"ray_tlray_{name}_total": ("counter", tags, about) for name, (about, tags) in COUNTERS.items()},
        **{f"ray_tlray_{name}": ("histogram", (), about) for name, (about, _) in HISTOGRAMS.items()},
    }
    assert documented("ray_tlray") == ours


def test_the_metrics_of_the_service_are_documented_and_no_others() -> None:
    name, label, about = REDIS
    ours: dict[str, Row] = {
        **{f"tlray_{name}": ("gauge", (label,), about) for name, label, about in BY.values()},
        **{f"tlray_{name}": ("gauge", (), about) for name, about in ALONE.items()},
        f"tlray_{name}": ("gauge", (label,), about),
    }
    assert documented("tlray") == ours


@pytest.mark.parametrize("prefix", ["ray_tlray", "tlray"])
def test_units_go_with_the_names(prefix: str) -> None:
    found = units(prefix)
    assert found
    for name, unit in found.items():
        for base in ("seconds", "bytes"):
            assert (f"_{base}" in name) == (unit == base), name
        assert unit, name
        assert (unit == "0 or 1") == name.endswith(("_is_halted", "_redis_up"))


def test_the_values_of_tags_are_documented() -> None:
    begin = TEXT.index("Each also has the tag `home`")
    words = set(re.findall(r"`([a-z -]+)`", TEXT[begin : TEXT.index("A service has what concerns")]))
    kinds = set(
        re.findall(r"`([a-z-]+)`", TEXT[TEXT.index("## Dead letters") : TEXT.index("## It was killed")])
    )
    figures = gauges(Engine(), now=0.0, wall=0.0)
    assert set(figures.domains) <= words
    assert {priority.name.lower() for priority in Priority} <= words
    assert {"working", "waiting"} <= words
    assert {*FIRST["rests"], *FIRST["deliveries"]} <= words
    assert set(FIRST["outcomes"]) <= words | kinds
