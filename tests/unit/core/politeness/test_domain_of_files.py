"""The domain of imported files: nobody is to be spared, asked or named."""

from __future__ import annotations

import math

from tlray.core.model.file_source import FILE_DOMAIN
from tlray.core.politeness.domain import DomainState
from tlray.core.politeness.policy import PolitenessOptions
from tlray.core.submission.lines import Chunk, Entry
from tlray.core.submission.rules import ListRules


def test_files_have_no_ceiling_and_no_robots_txt() -> None:
    policy = PolitenessOptions().policy(FILE_DOMAIN)
    assert math.isinf(policy.rate)
    domain = DomainState(FILE_DOMAIN, policy)
    assert domain.has_robots(0.0)
    domain.forget_robots()
    assert domain.has_robots(1e9)
    assert domain.allowance("lease", 0.0) > 1
    assert not domain.is_single_task


def test_a_host_that_is_called_like_them_is_a_host() -> None:
    for host in ("file", "files", "file:8000"):
        policy = PolitenessOptions().policy(host)
        assert not math.isinf(policy.rate)
        assert not DomainState(host, policy).has_robots(0.0)


def test_files_need_no_contact() -> None:
    entry = Entry(1, "file:///a.cue", FILE_DOMAIN, "file:1", "file:///home/a.cue")
    assert ListRules(contact=None).apply(Chunk([entry])).entries == [entry]
