"""The merged files of a catalogue are read and summed by ``ray.data``, as docs/catalogue.md says."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest
from made_catalogue import MadeHome
from made_sets import a_set, a_track

import tlray
from tlray.io.catalogue.newest import merge_all

pytestmark = [
    pytest.mark.ray,
    pytest.mark.filterwarnings("ignore"),  # what ray.data warns of is not ours
]
CATALOGUE = (Path(__file__).parents[2] / "docs" / "catalogue.md").read_text(encoding="utf-8")


def test_ray_data_sums_what_tlray_aggregate_sums(ray_here: str, tmp_path: Path) -> None:
    made = MadeHome(tmp_path)
    made.batch(
        "b1",
        *(
            [a_set(*(a_track(n) for n in range(1, n_rows + 1)), source_id=f"s{n_rows}")]
            for n_rows in range(1, 9)
        ),
    )
    made.close()
    merge_all(made.home)
    (shown,) = (
        code for code in re.findall(r"```python\n(.*?)```", CATALOGUE, re.DOTALL) if "ray.data" in code
    )
    exec(shown, {"home": tmp_path})  # noqa: S102 - it is ours
    found = pd.read_parquet(tmp_path / "exports" / "plays")
    ours = tlray.aggregate("track", home=tmp_path)
    keys = ["artist", "title", "plays"]
    assert sorted(found[keys].to_numpy().tolist()) == sorted(ours[keys].to_numpy().tolist())
