"""The rules of submission: hosts, contact, a good line; what only an admin may ask for; the quota."""

from __future__ import annotations

import pickle

import pytest

from tlray.core.model.address_policy import AddressPolicy
from tlray.core.politeness.policy import PolitenessOptions
from tlray.core.politeness.retry_policy import RetryPolicy
from tlray.core.submission.lines import Chunk, Entry, RefusedLine
from tlray.core.submission.permissions import (
    NotAllowed,
    QuotaExceeded,
    require_own_address,
    require_within_limits,
)
from tlray.core.submission.rules import (
    CONTACT_BY_OPERATOR,
    ContactMissing,
    ListRules,
    NoGoodLine,
    require_good_line,
)

OFFICE = AddressPolicy.of_networks(["10.0.0.0/8"])
NOWHERE_ELSE = AddressPolicy()


def chunk_of(*domains: str) -> Chunk:
    return Chunk.of(Entry(n, f"http://{name}/{n}", name, f"f{n}") for n, name in enumerate(domains, 1))


@pytest.mark.parametrize(
    ("hosts", "domain", "reason"),
    [
        (AddressPolicy(private=True), "127.0.0.1:80", None),  # a command line names its hosts
        (AddressPolicy(private=True), "localhost", None),
        (AddressPolicy(private=True), "169.254.169.254", "a cloud's metadata address"),
        (NOWHERE_ELSE, "example.org", None),
        (NOWHERE_ELSE, "10.1.2.3", "not a public address"),
        (NOWHERE_ELSE, "localhost", "not a public host"),
        (NOWHERE_ELSE, "printer.local", "not a public host"),
        (OFFICE, "10.1.2.3", None),
        (OFFICE, "192.168.0.1", "not a public address"),
        (OFFICE, "printer.local", None),  # it may lead into the network; the resolver checks it
    ],
)
def test_a_host_that_is_not_fetched_from_is_a_refused_line(
    hosts: AddressPolicy, domain: str, reason: str | None
) -> None:
    before = RefusedLine(9, "x", "no scheme")
    chunk = Chunk([Entry(1, f"http://{domain}/1", domain, "f")], [before])
    checked = ListRules("me@example.org", hosts).apply(chunk)
    refused = [] if reason is None else [RefusedLine(1, f"http://{domain}/1", f"private-address: {reason}")]
    assert checked.refused == [before, *refused]
    assert checked.entries == ([] if refused else chunk.entries)


def test_a_refused_url_is_kept_in_short() -> None:
    url = "http://10.0.0.1/" + "x" * 500
    [line] = ListRules(None, NOWHERE_ELSE).apply(Chunk([Entry(1, url, "10.0.0.1", "f")])).refused
    assert len(line.text) == 200


def test_a_public_host_needs_a_contact_and_the_error_names_its_line() -> None:
    chunk = chunk_of("127.0.0.1", "example.org:81", "example.org:81")
    assert ListRules("me@example.org").apply(chunk) == chunk
    assert ListRules(None).apply(chunk_of("127.0.0.1", "localhost")).refused == []
    with pytest.raises(ContactMissing, match=r"example\.org:81 is a public host: the operator") as caught:
        ListRules(None, NOWHERE_ELSE, CONTACT_BY_OPERATOR).apply(chunk)
    assert caught.value.line == 2
    with pytest.raises(ContactMissing, match="--contact"):
        ListRules(None).apply(chunk)


def test_a_list_needs_a_good_line_and_the_error_has_the_others_in_order() -> None:
    require_good_line(chunk_of("example.org"))
    with pytest.raises(NoGoodLine, match="no URL given"):
        require_good_line(Chunk())
    lines = [RefusedLine(n, f"x{n}", "no scheme") for n in (2, 1)]
    with pytest.raises(NoGoodLine) as caught:
        require_good_line(Chunk([], lines), "; give a list")
    assert [line.line for line in caught.value.refused] == [1, 2]
    story = (
        "no line is a URL that can be fetched: line 1, 'x1': no scheme (and 1 more such lines); give a list"
    )
    assert str(caught.value) == story
    assert "more" not in str(NoGoodLine(tuple(lines[:1])))


def test_only_an_admin_loosens_what_holds_without_the_options() -> None:
    default = (PolitenessOptions(), RetryPolicy())
    require_within_limits(default, default)
    rough = (PolitenessOptions(rates={"a.test": (100.0, 1.0)}), RetryPolicy(max_attempts=50))
    with pytest.raises(NotAllowed, match=r"a\.test: a rate of 100/s is above .*only an admin") as caught:
        require_within_limits(rough, default)
    assert {limit.domain for limit in caught.value.limits} == {"a.test", "*"}
    slow = (PolitenessOptions(rates={"a.test": (1e-9, 1.0)}), RetryPolicy())
    with pytest.raises(NotAllowed, match="delays all others"):
        require_within_limits(slow, default)


def test_mail_goes_to_oneself_unless_an_admin_asks() -> None:
    require_own_address("Ada@example.org", "ada@example.org", is_admin=False)
    require_own_address("bob@example.org", "ada", is_admin=True)
    with pytest.raises(NotAllowed, match=r"'bob@example\.org'"):
        require_own_address("bob@example.org", "ada", is_admin=False)


@pytest.mark.parametrize(
    "error",
    [
        ContactMissing("a.test", 3, "say who"),
        NoGoodLine((RefusedLine(1, "x", "no scheme"),)),
        NotAllowed("a rate", ()),
        QuotaExceeded(10, 6.0, " (TLRAY_X)"),
    ],
)
def test_they_cross_between_actors(error: Exception) -> None:
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own
    assert (type(again), again.args, str(again)) == (type(error), error.args, str(error))


def test_a_quota_says_when_to_come_back() -> None:
    error = QuotaExceeded(10, 6.0, " (TLRAY_X)")
    assert (error.retry_after_s, error.exit_code) == (6.0, 4)
    assert str(error) == "more than 10 batches per minute (TLRAY_X); try again in 6 s"
