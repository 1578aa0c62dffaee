"""How values of options are read."""

from __future__ import annotations

import pytest

from tlray.cli.options import attempts, duration_s, per_domain
from tlray.errors import UsageError


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90), ("90s", 90), ("30m", 1_800), ("2h", 7_200), ("1d", 86_400), ("0.5h", 1_800), (" 1s ", 1), ("0", 0)],
)  # fmt: skip
def test_a_duration_is_a_number_and_a_unit(text: str, seconds: float) -> None:
    assert duration_s(text, "--max-wait") == seconds


@pytest.mark.parametrize("text", ["", "h", "2 h", "-1s", "1w", "1h30m", "1e3", ".5h", "inf", "two"])
def test_what_is_no_duration_names_the_option_and_the_forms(text: str) -> None:
    with pytest.raises(UsageError, match=r"--max-wait .* is no duration; write 90s, 30m, 2h or 1d"):
        duration_s(text, "--max-wait")


def test_values_are_given_per_domain_and_the_last_one_counts() -> None:
    pairs = ["A.Test=1/s", " b.test:81 = 2/s:5 ", "[::1]=3/s", "a.test=4/s"]
    assert per_domain(pairs, "--rate", "") == {"a.test": "4/s", "b.test:81": "2/s:5", "[::1]": "3/s"}
    assert per_domain([], "--rate", "") == {}


@pytest.mark.parametrize(
    "pair", ["", "a.test", "=1/s", "a.test=", " = ", "http://a.test=1/s", "a.test/x=1/s"]
)
def test_what_is_no_pair_shows_how_one_looks(pair: str) -> None:
    with pytest.raises(
        UsageError, match=r"--rate .* is not of the form DOMAIN=VALUE, such as --rate b.test=1/s"
    ):
        per_domain(["ok.test=1", pair], "--rate", "b.test=1/s")


def test_attempts_are_for_all_domains_or_for_one() -> None:
    assert attempts([]) == (None, {})
    assert attempts(["3"]) == (3, {})
    assert attempts(["3", "A.test=2", "b.test:81=7", "4"]) == (4, {"a.test": 2, "b.test:81": 7})


@pytest.mark.parametrize("value", ["", "x", "-1", "2.5", "a.test=x", "a.test=-1", "\u0663"])
def test_what_is_no_number_of_attempts_shows_both_forms(value: str) -> None:
    with pytest.raises(UsageError, match=r"is no whole number; write 3, or example\.org=3"):
        attempts([value])


def test_attempts_for_no_domain_show_how_a_pair_looks() -> None:
    with pytest.raises(
        UsageError, match=r"is not of the form DOMAIN=VALUE, such as --max-attempts example\.org=2"
    ):
        attempts(["=3"])
