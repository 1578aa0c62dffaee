"""What is rougher than the profile or the default is found; what is gentler is nobody's business."""

from __future__ import annotations

import pytest

from tlray.core.loosening import loosened, may_write_to
from tlray.core.policy import AUTO_BURST, AUTO_MAX, Manners

SITE = "1001tracklists.com"


@pytest.mark.parametrize(
    ("asked", "domain", "what"),
    [
        (Manners(rates={SITE: (1.0, 1.0)}), SITE, "a rate of 1/s is above 0.125/s"),
        (Manners(rates={"a.test": (1.0, 5.0)}), "a.test", "a burst of 5 is above 1"),
        (Manners(rates={"a.test": (AUTO_MAX, AUTO_BURST)}), "a.test", "a rate of 50/s is above 1/s"),
        (Manners(concurrency={"a.test": 3}), "a.test", "3 fetches at once are more than 2"),
        (Manners(crawl_delay_ignored=frozenset({SITE})), SITE, "crawl-delay"),
        (Manners(block_cool_downs={"a.test": 60.0}), "a.test", "a rest of 60 s after a block is shorter"),
    ],
)
def test_what_is_rougher_is_named(asked: Manners, domain: str, what: str) -> None:
    found = loosened(asked, Manners())
    assert found[0].domain == domain
    assert what in found[0].what


@pytest.mark.parametrize(
    "asked",
    [
        Manners(),
        Manners(rates={SITE: (0.01, 1.0), "a.test": (1.0, 1.0)}),
        Manners(concurrency={"a.test": 1}),
        Manners(rates={"127.0.0.1:8000": (1000.0, 1.0)}),  # a private host has no ceiling of ours
        Manners(block_cool_downs={"a.test": 86_400.0}),
    ],
)
def test_what_is_gentler_or_the_same_is_not(asked: Manners) -> None:
    assert loosened(asked, Manners()) == []


def test_what_the_service_was_set_up_with_is_no_loosening() -> None:
    owner = Manners(rates={SITE: (5.0, 1.0)}, crawl_delay_ignored=frozenset({SITE}))
    assert loosened(owner, owner) == []
    assert len(loosened(Manners(rates={SITE: (6.0, 1.0)}, crawl_delay_ignored=frozenset({SITE})), owner)) == 1


def test_only_an_admin_has_mail_sent_to_others() -> None:
    assert may_write_to("bob@example.org", "ada", is_admin=True)
    assert may_write_to("Ada@Example.org", "ada@example.org", is_admin=False)
    assert not may_write_to("bob@example.org", "ada@example.org", is_admin=False)
    assert not may_write_to("ada", "ada", is_admin=False)
