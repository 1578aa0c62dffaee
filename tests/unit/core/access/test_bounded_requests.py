"""Whose a request is counted as, how many of theirs may be in progress, and how long a body may take; pure decisions."""

from __future__ import annotations

import pytest

from tlray.core.access.body_timeout import BodyPace, PaceLimits
from tlray.core.access.client_address import LOOPBACK, UNKNOWN, counted_address, networks_of
from tlray.core.access.concurrency_limit import ConcurrencyLimit

PROXIES = networks_of(["127.0.0.1/32", "10.0.0.0/8", "fd00::/8"])
NONE = networks_of([])


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "counted"),
    [
        ("203.0.113.9", [], "203.0.113.9"),
        ("127.0.0.1", [], LOOPBACK),
        ("127.8.9.10", [], LOOPBACK),  # a program here may send from any of them
        ("::1", [], LOOPBACK),
        ("2001:db8:1:2:3:4:5:6", [], "2001:db8:1:2::/64"),  # and a host there from any of these
        ("::ffff:203.0.113.9", [], "203.0.113.9"),
        ("", [], UNKNOWN),  # a Unix socket
        ("testclient", [], UNKNOWN),
        # who is not trusted says nothing of others
        ("203.0.113.9", ["198.51.100.7"], "203.0.113.9"),
        # a trusted proxy adds at the right end; what stood there before may be anybody's word
        ("127.0.0.1", ["198.51.100.7"], "198.51.100.7"),
        ("127.0.0.1", ["192.0.2.1, 198.51.100.7"], "198.51.100.7"),
        ("127.0.0.1", ["192.0.2.1", "198.51.100.7"], "198.51.100.7"),
        ("127.0.0.1", ["198.51.100.7, 10.1.2.3"], "198.51.100.7"),
        ("127.0.0.1", ["10.1.2.3"], "10.1.2.3"),  # nobody but proxies: the first of them
        ("fd00::1", ["[2001:db8::1]:443"], "2001:db8::/64"),
        ("127.0.0.1", ["198.51.100.7:1234"], "198.51.100.7"),
        ("127.0.0.1", ["198.51.100.7, nonsense"], LOOPBACK),
        ("127.0.0.1", [""], LOOPBACK),
    ],
)
def test_the_address_that_a_request_is_counted_for(peer: str, forwarded_for: list[str], counted: str) -> None:
    assert counted_address(peer, forwarded_for, PROXIES) == counted


def test_without_a_trusted_proxy_the_peer_is_the_client() -> None:
    assert counted_address("127.0.0.1", ["198.51.100.7"], NONE) == LOOPBACK


# -- how many -----------------------------------------------------------------------------------------


def test_a_holder_has_so_many_requests_at_once_and_others_have_theirs() -> None:
    limit = ConcurrencyLimit(2)
    for _ in range(2):
        assert not limit.is_full("ada", is_sending=False)
        limit.enter("ada", is_sending=False)
    assert limit.is_full("ada", is_sending=False)
    assert not limit.is_full("bob", is_sending=False)
    limit.leave("ada", is_sending=False)
    assert not limit.is_full("ada", is_sending=False)
    assert limit.n_all == 1


def test_those_that_still_send_their_body_are_half_of_them() -> None:
    limit = ConcurrencyLimit(4)
    for _ in range(2):
        limit.enter("ada", is_sending=True)
    assert limit.is_full("ada", is_sending=True)
    assert not limit.is_full("ada", is_sending=False), "who has nothing to send is answered all the same"
    limit.body_arrived("ada")
    assert not limit.is_full("ada", is_sending=True)
    limit.leave("ada", is_sending=False)
    limit.leave("ada", is_sending=True)
    assert (limit.n_all, limit._counts) == (0, {}), "nothing is kept of who has none"


def test_a_single_place_is_one_for_a_body_too() -> None:
    assert not ConcurrencyLimit(1).is_full("ada", is_sending=True)


# -- how long -----------------------------------------------------------------------------------------

LIMITS = PaceLimits(total_s=60.0, gap_s=10.0, min_rate=500.0)


def test_a_body_of_which_nothing_comes_has_the_first_gap() -> None:
    pace = BodyPace(LIMITS, now=100.0)
    assert pace.wait_s(now=100.0) == 10.0
    assert pace.wait_s(now=109.0) == 1.0
    assert pace.wait_s(now=111.0) == 0.0


def test_a_byte_now_and_then_is_too_slow() -> None:
    pace = BodyPace(LIMITS, now=0.0)
    pace.take(1, now=9.0)
    assert pace.wait_s(now=9.0) == pytest.approx(1.002), "the rate counts, not that something came"


def test_a_body_that_comes_fast_enough_has_a_gap_after_each_piece() -> None:
    pace = BodyPace(LIMITS, now=0.0)
    pace.take(100_000, now=20.0)
    assert pace.wait_s(now=20.0) == 10.0


def test_no_body_takes_longer_than_all_may() -> None:
    pace = BodyPace(LIMITS, now=0.0)
    pace.take(900_000, now=55.0)
    assert pace.wait_s(now=55.0) == 5.0
