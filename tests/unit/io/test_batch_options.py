"""The options of a batch are kept with it; what an older tlray wrote is read with today's defaults."""

from __future__ import annotations

import json

import pytest

from tlray.io.journal_rows import BatchOptions


@pytest.mark.parametrize("networks", [None, (), ("127.0.0.0/8", "10.0.0.0/8")])
def test_where_a_batch_may_be_fetched_from_is_kept_with_it(networks: tuple[str, ...] | None) -> None:
    kept = json.loads(json.dumps(BatchOptions(networks=networks).to_json()))
    assert BatchOptions.from_json(kept) == BatchOptions(networks=networks)


def test_a_batch_of_before_there_was_a_service_is_a_command_lines() -> None:
    kept = BatchOptions().to_json()
    del kept["networks"]
    assert BatchOptions.from_json(kept).networks is None
