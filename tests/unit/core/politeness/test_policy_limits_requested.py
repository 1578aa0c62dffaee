"""Where the decision meets a request: what a user asks for, over the environment, over the operator's ``domains.toml``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tlray.scrape_options import ScrapeOptions
from tlray.service.auth.principal import Principal
from tlray.service.http.problems import ProblemError
from tlray.service.submission.permissions import options_for
from tlray.settings import Settings

BOB = Principal("bob", frozenset({"read", "submit"}))
ADMIN = Principal("ada", frozenset({"read", "submit", "admin"}))
SOON = {"base": 0.001, "cap": 0.001}
IMPATIENT = {
    "throttled": SOON,
    "unavailable": SOON,
    "forbidden": {"max_attempts": 100, "base": 0.001},
}
OF_THE_OPERATOR = """
[domains."example.org:8080"]
rate = "1/60s"

[domains."example.net"]
max_attempts = 2

[domains."example.com".retry.timeout]
base = "10m"

[retry.connect]
max_attempts = 3

[retry.tls]
max_attempts = 4
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "domains.toml").write_text(OF_THE_OPERATOR, encoding="utf-8")
    return Settings(home=tmp_path, block_cool_down_s=3600.0)


@pytest.mark.parametrize(
    ("options", "where", "what"),
    [
        # a shorter rest for every domain; also than TLRAY_BLOCK_COOL_DOWN_S says, where it is longer than the default
        ({"retry": {"blocked": {"base": 0.001}}}, "*", "a rest of 0.001 s after a block is shorter than 3600 s"),
        ({"retry": {"blocked": {"base": "30m"}}}, "*", "a rest of 1800 s after a block"),
        ({"retry": {"blocked": {"cap": "1h"}}}, "*", "a longest wait of 3600 s"),
        # impatience of the whole batch, in all its parts
        ({"max_attempts": 100, "retry": IMPATIENT}, "*", "a first wait of 0.001 s is shorter than 5 s"),
        ({"max_attempts": 100}, "*", "100 attempts are more than 10"),
        ({"retry": {"unavailable": SOON}}, "*", "a longest wait of 0.001 s is shorter than 300 s"),
        ({"retry": {"forbidden": {"max_attempts": 3}}}, "*", "3 attempts are more than 2, after forbidden"),
        # the same, of one domain
        ({"domains": {"x.example": {"retry": IMPATIENT}}}, "x.example", "after throttled"),
        ({"domains": {"x.example": {"max_attempts": 11}}}, "x.example", "11 attempts are more than 10"),
        # the operator's word for one port, where the user speaks of the host
        ({"rates": {"example.org": "1/s"}}, "example.org:8080", "a rate of 1/s is above 0.0166667/s"),
        ({"domains": {"example.org": {"rate": "1/s"}}}, "example.org:8080", "a rate of 1/s"),
        # the operator's word for a domain and for a kind, where the user speaks of the batch
        ({"max_attempts": 3}, "example.net", "3 attempts are more than 2"),
        ({"max_attempts": 4, "domains": {"example.net": {"max_attempts": 2}}}, "*", "4 attempts are more than 3, after connect"),
        ({"retry": {"timeout": {"base": "1m"}}}, "example.com", "a first wait of 60 s is shorter than 600 s"),
        ({"retry": {"tls": {"max_attempts": 5}}}, "*", "5 attempts are more than 4, after tls"),
    ],
)  # fmt: skip
def test_what_is_rougher_is_an_admins(
    settings: Settings, options: dict[str, Any], where: str, what: str
) -> None:
    asked = ScrapeOptions(**options)
    with pytest.raises(ProblemError) as refused:
        options_for(BOB, asked, settings)
    assert (refused.value.status_code, refused.value.kind) == (403, "forbidden")
    assert any(place == f"options: {where}" and what in why for place, why in refused.value.errors)
    options_for(ADMIN, asked, settings)


@pytest.mark.parametrize(
    "options",
    [
        {},
        # fewer attempts, longer waits and rests, lower rates
        {"max_attempts": 1},
        {"retry": {"blocked": {"base": "2h"}, "throttled": {"base": "1m", "cap": "1h"}}},
        {"domains": {"example.com": {"retry": {"timeout": {"base": "20m"}}}}},
        {"rates": {"example.org": "1/90s"}},
        # a few attempts more, where the operator has not said how many
        {"max_attempts": 10, "retry": {"connect": {"max_attempts": 3}}, "domains": {"example.net": {"max_attempts": 2}}},
        {"domains": {"x.example": {"max_attempts": 10, "retry": {"connect": {"max_attempts": 1}}}}},
        # what the operator has lifted
        {"retry": {"tls": {"max_attempts": 4}}},
    ],
)  # fmt: skip
def test_what_is_gentler_or_moderate_is_everybodys(settings: Settings, options: dict[str, Any]) -> None:
    kept, _ = options_for(BOB, ScrapeOptions(**options), settings)
    assert kept.networks == settings.networks
