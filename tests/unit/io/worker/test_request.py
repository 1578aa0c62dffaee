"""What is fetched for an item: by its site, by its batch's choice, and not at all."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tlray.core.model.outcome import OutcomeKind
from tlray.core.scheduling.batch_config import BatchConfig
from tlray.core.scheduling.lease import LeasedItem
from tlray.io.http.response import PAGE_TYPES, Fetched
from tlray.io.worker.classify import read_page
from tlray.io.worker.request import _request, refusal_of, request_for
from tlray.model import PageKind, ParsedPage
from tlray.sites import registry
from tlray.sites.interface import THROTTLED, SiteWithApi

PAGE = "https://quay.example/set/7"
ROBOTS = "User-agent: *\nDisallow: /api/\nDisallow: /set/\n"


class Quay(SiteWithApi):
    """A site with an interface that robots.txt allows, and one that only its terms do."""

    name, version, domains = "quay", "quay/1", ("quay.example",)
    media_types = ("application/json",)

    def fetch_url(self, url: str) -> str | None:
        return url.replace("/set/", "/data/") if "/set/" in url else None

    def terms_url(self, url: str) -> str | None:
        return url.replace("/set/", "/api/") if "/set/" in url else None

    def parse(self, body: bytes, *, url: str, charset: str | None = None) -> ParsedPage:
        return ParsedPage(PageKind.BLOCKED, THROTTLED)


@pytest.fixture(autouse=True)
def quay(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    made = registry.Registry(Quay())
    monkeypatch.setattr(registry, "shared", lambda: made)
    monkeypatch.setattr("tlray.io.worker.request.shared", lambda: made)
    _request.cache_clear()
    yield
    _request.cache_clear()


def item(url: str = PAGE, *, terms: BatchConfig | None = None) -> LeasedItem:
    return LeasedItem(1, "b1", "quay.example", url, "quay:7", 1, terms=terms)


def test_robots_txt_holds_for_what_is_fetched() -> None:
    asked = request_for(item())
    assert asked is not None
    assert (asked.url, asked.by_terms) == ("https://quay.example/data/7", False)
    assert asked.types == PAGE_TYPES | {"application/json"}
    assert refusal_of(item(), ROBOTS) is None, "the page is disallowed, what is fetched in its place is not"
    refused = refusal_of(item(), "User-agent: *\nDisallow: /data/\n")
    assert refused is not None
    assert refused.kind is OutcomeKind.ROBOTS


def test_an_api_that_robots_txt_disallows_is_used_only_where_its_terms_were_chosen() -> None:
    for terms in (None, BatchConfig(), BatchConfig(api_terms=("pier",))):
        asked = request_for(item(terms=terms))
        assert asked is not None
        assert not asked.by_terms
    chosen = item(terms=BatchConfig(api_terms=("quay",)))
    asked = request_for(chosen)
    assert asked is not None
    assert (asked.url, asked.by_terms) == ("https://quay.example/api/7", True)
    assert refusal_of(chosen, ROBOTS) is None


def test_a_url_that_names_no_set_is_not_fetched() -> None:
    refused = refusal_of(item("https://quay.example/about"), "")
    assert refused is not None
    assert (refused.kind, refused.reason) == (OutcomeKind.NOT_A_SET, "no set of this site has such a URL")


def test_a_host_of_no_site_may_answer_in_the_types_of_all_and_its_page_is_fetched_as_it_is() -> None:
    asked = request_for(item("https://other.example/x"))
    assert asked is not None
    assert (asked.url, asked.types) == ("https://other.example/x", PAGE_TYPES | {"application/json"})


def fetched(**known: object) -> Fetched:
    given = {"url": PAGE, "kind": None, "started_at": 0.0, "latency_s": 0.1, "body": b"{}", "has_page": True}
    return Fetched(**{**given, **known})  # type: ignore[arg-type]


def test_a_throttle_in_disguise_is_a_throttle() -> None:
    outcome, sets = read_page(item(), fetched(content_type="application/json", status=200))
    assert (outcome.kind, outcome.reason, sets) == (OutcomeKind.THROTTLED, "throttled", ())


@pytest.mark.parametrize(
    ("content_type", "kind"),
    [
        ("application/json", OutcomeKind.WRONG_TYPE),
        ("text/html", OutcomeKind.UNREADABLE),
        ("", OutcomeKind.UNREADABLE),
    ],
)
def test_json_that_no_parser_knows_is_of_the_wrong_type(content_type: str, kind: OutcomeKind) -> None:
    outcome, _ = read_page(item("https://other.example/x"), fetched(content_type=content_type))
    assert outcome.kind is kind
    gone, _ = read_page(
        item("https://other.example/x"), fetched(content_type=content_type, kind=OutcomeKind.GONE)
    )
    assert gone.kind is OutcomeKind.GONE
