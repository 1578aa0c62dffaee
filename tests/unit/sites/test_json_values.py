"""Values in the JSON of strangers: a number that can be meant, or none."""

from __future__ import annotations

import pytest

from tlray.sites.json_text import number


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, 0.0), (3.5, 3.5), (1e11, 1e11), (1e12, None), (10**400, None), (-1, None), (True, None), ("3", None), (None, None),
        (float("nan"), None), (float("inf"), None),
    ],
)  # fmt: skip
def test_a_number_is_finite_and_no_more_than_can_be_meant(value: object, expected: float | None) -> None:
    assert number(value) == expected
