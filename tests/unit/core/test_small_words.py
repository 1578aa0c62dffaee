"""Small pure functions of the core that others of its tests do not reach: their callers are elsewhere."""

from __future__ import annotations

from ipaddress import ip_address

import pytest
from made_sets import a_set, a_track

from tlray.core.catalogue.names import folded
from tlray.core.model.address_policy import AddressPolicy
from tlray.core.model.durations import as_clock, in_words
from tlray.core.model.merged import (
    OF_SET,
    ROW_COLUMNS,
    SET_COLUMNS,
    Conflict,
    MergedTrack,
    MergedTracklist,
    peeked,
    row_values,
    set_values,
)
from tlray.core.model.printable import in_json
from tlray.core.model.quality import require_share
from tlray.core.politeness.rate_text import parse_rate
from tlray.core.politeness.requested_policy import read_tables
from tlray.core.schedules.schedule import runs_key
from tlray.core.scheduling.batch_config import user_agent
from tlray.errors import BadOption, UsageError


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("  DJ  Ada ", "dj ada"),
        ("Zo\u00eb\u200b K\u00f6nig\u2019s", "zoe konig's"),
        ("\u30ac", "\u30ac"),  # a voiced kana is another letter
    ],
)
def test_a_name_is_compared_without_case_and_accents(text: str, name: str) -> None:
    assert folded(text) == name


def test_a_private_address_is_allowed_in_the_networks_that_are_named() -> None:
    policy = AddressPolicy.of_networks(["10.0.0.0/8", " "])
    assert policy.refusal(ip_address("10.1.2.3")) is None
    assert policy.refusal(ip_address("::ffff:10.1.2.3")) is None
    assert policy.refusal(ip_address("192.168.0.1")) == "not a public address"
    assert policy.refusal(ip_address("1.1.1.1")) is None
    assert AddressPolicy(private=True).refusal(ip_address("192.168.0.1")) is None
    for any_policy in (policy, AddressPolicy(private=True)):
        assert any_policy.refusal(ip_address("169.254.169.254")) == "a cloud's metadata address"
        assert any_policy.refusal_of_host("metadata.google.internal") == "a cloud's metadata address"


def test_a_duration_is_shown_as_a_player_shows_it() -> None:
    assert [as_clock(seconds) for seconds in (0, 240.9, 3_753)] == ["0:00", "4:00", "1:02:33"]
    assert [as_clock(seconds) for seconds in (-0.5, -30, -3_601)] == ["0:00", "-0:30", "-1:00:01"]


def test_a_long_duration_has_no_power_of_ten() -> None:
    year_s = 365 * 86_400.0
    words = [in_words(years * year_s) for years in (999, 2_028, 1_500_000)]
    assert words == ["999 years", "2,028 years", "more than a million years"]


def test_json_drives_no_terminal() -> None:
    assert in_json('"a"') == '"a"'
    assert in_json('"\u202e\x7f\u00e9"') == '"\\u202e\\u007f\u00e9"'


def test_a_rate_of_less_than_a_fetch_a_year_is_refused() -> None:
    with pytest.raises(ValueError, match="below one fetch in 366 days"):
        parse_rate("1/99999999s")


def test_a_number_that_python_does_not_print_is_told_in_words() -> None:
    with pytest.raises(BadOption, match="got a number of thousands of digits"):
        read_tables({"retry": {"timeout": {"cap": 10**5_000}}}, of="scrape()")


def test_a_program_names_itself_and_whom_to_write_to() -> None:
    assert user_agent("1.2", None) == "tlray/1.2"
    assert user_agent("1.2", "me@example.org") == "tlray/1.2 (+me@example.org)"


def test_the_runs_of_a_schedule_have_a_key_of_their_own() -> None:
    assert runs_key("s1") == "schedule s1 "


def test_a_merged_set_has_values_for_its_columns_and_another_has_none() -> None:
    plain = a_set(a_track(1))
    conflicts = [Conflict("date", None, {"a:1": "x", "b:2": "y"}), Conflict("cue", 2, {"a:1": "9"})]
    merged = MergedTracklist(
        **{name: getattr(plain, name) for name in plain.__dataclass_fields__},
        merged_from=["a:1", "b:2"], sources_of={"title": "b:2"}, conflicts=conflicts,
    )  # fmt: skip
    values = dict(zip(SET_COLUMNS, set_values(merged), strict=True))
    assert values["merged_from"] == ["a:1", "b:2"]
    assert {name: values[f"{name}_from"] for name in OF_SET} == {**dict.fromkeys(OF_SET), "title": "b:2"}
    assert values["conflicts"] == ["date: a:1 x, b:2 y", "cue 2: a:1 9"]
    track = a_track(1)
    row = MergedTrack(
        **{name: getattr(track, name) for name in track.__dataclass_fields__}, sources_of={"cue": "a:1"}
    )
    assert dict(zip(ROW_COLUMNS, row_values(row), strict=True))["cue_from"] == "a:1"
    assert (set_values(plain), row_values(track)) == ([], [])
    for sets, is_merged in (([merged, plain], True), ([plain], False), ([], False)):
        found, rest = peeked(iter(sets))
        assert (found, list(rest)) == (is_merged, sets)


def test_a_least_quality_is_a_number_from_0_to_1_or_none() -> None:
    for share in (None, 0, 0.5, 1):
        require_share(share)
    for share in (-0.1, 1.01, float("nan"), "0.5"):
        with pytest.raises(UsageError, match=r"a number from 0 to 1, not"):
            require_share(share)
