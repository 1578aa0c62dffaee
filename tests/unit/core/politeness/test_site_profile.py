"""Profiles of sites: where they come from, and that no source loosens another's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tlray.core.politeness import site_profile
from tlray.core.politeness.policy import PolitenessOptions
from tlray.core.politeness.site_profile import SiteProfile, aliases, politeness_key, profiles, provide


@pytest.fixture
def provided() -> Iterator[None]:
    before = list(site_profile._sources)
    yield
    site_profile._sources[:] = before
    profiles.cache_clear()
    aliases.cache_clear()


def pier(**values: Any) -> SiteProfile:
    return SiteProfile(host="pier.example", **{"rate": 2.0, **values})


def test_a_profile_sets_the_policy_of_its_site_and_of_its_other_names(provided: None) -> None:
    provide(lambda: [pier(rate=0.5, concurrency=3, block_cool_down_s=60.0, short_hosts=("pi.er",))])
    policy = PolitenessOptions().policy("pi.er")
    assert (policy.rate, policy.burst, policy.concurrency, policy.block_cool_down_s) == (0.5, 1.0, 3, 60.0)
    assert politeness_key("www.pi.er:8080") == "pier.example:8080"
    assert (
        politeness_key("www.pier.example") == "www.pier.example"
    )  # its profile does not say that they are one


def test_a_second_profile_of_a_host_makes_it_gentler_only(provided: None) -> None:
    provide(lambda: [pier(concurrency=4, block_cool_down_s=60.0, short_hosts=("pi.er",))])
    provide(lambda: [pier(rate=9.0, concurrency=1, is_one_with_www=True)])
    policy = PolitenessOptions().policy("www.pier.example")
    assert (policy.rate, policy.concurrency, policy.block_cool_down_s) == (2.0, 1, 1_800.0)
    assert politeness_key("pi.er") == "pier.example"


@pytest.mark.parametrize(
    "values",
    [
        {"rate": 0.0}, {"rate": float("inf")}, {"rate": float("nan")}, {"concurrency": 0}, {"block_cool_down_s": -1.0},
        {"host": "Pier.example"}, {"host": "www.pier.example"}, {"host": "pier.example:80"}, {"host": ""},
        {"host": "https://pier.example"}, {"short_hosts": ("www.pi.er",)},
    ],
)  # fmt: skip
def test_values_that_no_site_has_are_refused(values: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="profile of"):
        SiteProfile(**{"host": "pier.example", "rate": 1.0, **values})
