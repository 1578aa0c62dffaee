"""One task fetches for batches of the service and of a command line; each is kept to its own addresses."""

from __future__ import annotations

import pytest
from raw_server import response, serve

from tlray.core.model.address_policy import ANY_NAMED, policy_for
from tlray.core.model.outcome import OutcomeKind
from tlray.core.politeness.domain_policy import DomainPolicy
from tlray.core.scheduling.lease import RobotsRequest
from tlray.io.http.fetch import Fetcher, FetchLimits
from tlray.io.worker.robots import fetch_robots

pytestmark = pytest.mark.site
METADATA = "http://169.254.169.254/latest/meta-data/"


def fetcher() -> Fetcher:
    return Fetcher(FetchLimits(total_timeout_s=5.0), user_agent="tlray", allow=ANY_NAMED)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost"]
)  # a literal, and a name that a resolver must be asked about
async def test_each_fetch_is_kept_to_the_networks_of_its_batch(host: str) -> None:
    async with serve(response(b"ok")) as site, fetcher() as fetch:
        url = site.url.replace("127.0.0.1", host)
        assert (await fetch.get(url)).status == 200, "a command line"
        n_before = site.n_connections
        for networks in ((), ("10.0.0.0/8",)):
            refused = await fetch.get(url, allow=policy_for(networks))
            assert (refused.kind, refused.reason) == (OutcomeKind.PRIVATE_ADDRESS, "not a public address")
        assert site.n_connections == n_before, "no open connection of another batch was used either"
        allowed = policy_for(("127.0.0.0/8", "::1/128"))
        assert (await fetch.get(url, allow=allowed)).status == 200
        led = policy_for(("127.0.0.0/8", "::1/128"), from_public=True)
        assert (await fetch.get(url, allow=led)).kind is OutcomeKind.PRIVATE_ADDRESS


async def test_a_metadata_address_is_not_fetched_though_its_network_is_listed() -> None:
    async with fetcher() as fetch:
        refused = await fetch.get(METADATA, allow=policy_for(("169.254.0.0/16",)))
    assert (refused.kind, refused.reason) == (OutcomeKind.PRIVATE_ADDRESS, "a cloud's metadata address")


async def test_a_robots_txt_is_asked_for_under_the_same_guard_and_says_so() -> None:
    async with serve(response(b"User-agent: *\nDisallow: /x")) as site, fetcher() as fetch:
        fetch_task = RobotsRequest("a.test", "127.0.0.1", site.url, DomainPolicy(1.0), 0, networks=())
        answer = await fetch_robots(fetch, fetch_task)
        assert (answer.reason, answer.is_refused, answer.networks) == ("not a public address", True, ())
        assert site.n_connections == 0
        fetch_task = RobotsRequest(
            "a.test", "127.0.0.1", site.url, DomainPolicy(1.0), 0, networks=("127.0.0.0/8",)
        )
        assert "Disallow" in ((await fetch_robots(fetch, fetch_task)).text or "")
