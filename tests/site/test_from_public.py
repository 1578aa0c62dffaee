"""What a redirect from a public address led to is fetched from public addresses only. Loopback stands for what is private."""

from __future__ import annotations

import pytest
from raw_server import response, serve

from tlray.core.model.address_policy import PUBLIC_ONLY, AddressPolicy
from tlray.core.model.outcome import LED_INSIDE, OutcomeKind
from tlray.core.politeness.domain_policy import DomainPolicy
from tlray.core.scheduling.lease import RobotsRequest
from tlray.io.http.fetch import Fetcher, FetchLimits
from tlray.io.worker.robots import fetch_robots

pytestmark = pytest.mark.site


def fetcher_of(allow: AddressPolicy) -> Fetcher:
    return Fetcher(FetchLimits(total_timeout_s=5.0), user_agent="tlray", allow=allow)


@pytest.mark.parametrize(
    "allow", [AddressPolicy(private=True), AddressPolicy.of_networks(["127.0.0.0/8", "::1/128"])],
    ids=["a command line", "a service that lists the network"],
)  # fmt: skip
@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost"]
)  # a literal, and a name that a resolver must be asked about
async def test_no_private_address_is_connected_to_for_it(allow: AddressPolicy, host: str) -> None:
    async with serve(response(Connection="close")) as site, fetcher_of(allow) as fetcher:
        url = site.url.replace("127.0.0.1", host)
        assert (await fetcher.get(url)).status == 200
        n_before = site.n_connections
        refused = await fetcher.get(url, allow=PUBLIC_ONLY)
        assert (refused.kind, refused.reason) == (OutcomeKind.PRIVATE_ADDRESS, "not a public address")
        assert site.n_connections == n_before
        assert (await fetcher.get(url)).status == 200, "what the user named himself is fetched as before"


async def test_an_answer_says_whose_address_it_came_from() -> None:
    async with (
        serve(response(b"", status="302 Found", Location="/x")) as site,
        fetcher_of(AddressPolicy(private=True)) as fetcher,
    ):
        found = await fetcher.get(site.url)
    assert (found.kind, found.peer) == (OutcomeKind.REDIRECTED, "127.0.0.1")


async def test_robots_txt_is_no_way_round_it() -> None:
    async with (
        serve(response(b"User-agent: *\nDisallow: /")) as site,
        fetcher_of(AddressPolicy(private=True)) as fetcher,
    ):
        fetch_task = RobotsRequest("a.test", "127.0.0.1", site.url, DomainPolicy(1.0), 0, from_public=True)
        answer = await fetch_robots(fetcher, fetch_task)
        assert site.n_connections == 0
    assert (answer.text, answer.reason, answer.is_refused) == (None, LED_INSIDE, True)


async def test_a_metadata_address_is_refused_whoever_names_it() -> None:
    async with fetcher_of(AddressPolicy(private=True)) as fetcher:
        fetch_task = RobotsRequest(
            "a.test", "169.254.169.254", "http://169.254.169.254/robots.txt", DomainPolicy(1.0), 0
        )
        answer = await fetch_robots(fetcher, fetch_task)
    assert (answer.reason, answer.is_refused) == ("a cloud's metadata address", True)
