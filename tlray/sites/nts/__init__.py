"""nts.live: episodes of its shows, by the interface that its own pages use."""

from __future__ import annotations

from tlray.core.politeness.site_profile import SiteProfile
from tlray.model import ParsedPage
from tlray.sites.hosts import host_of
from tlray.sites.interface import SiteWithApi
from tlray.sites.nts.urls import DOMAIN, PAGE_EPISODES, SITE, episode_in, show_in

# after some ten quick requests it leaves tracklists out for minutes
PROFILE = SiteProfile(host=DOMAIN, rate=1 / 5, is_one_with_www=True, block_cool_down_s=900.0)


class Nts(SiteWithApi):
    """The parser of nts.live; see `SiteWithApi` for what each member promises."""

    name = "nts"
    version = "nts/1"
    domains = (DOMAIN,)
    profiles = (PROFILE,)
    media_types = ("application/json", "application/vnd.episode+json", "application/vnd.track-list+json")

    def canonical_url(self, url: str) -> str:
        """Return the page of an episode; other URLs unchanged."""
        episode = episode_in(url)
        return url if episode is None else "{}/shows/{}/episodes/{}".format(SITE, *episode.split("/"))

    def source_id(self, url: str) -> str | None:
        """Return ``<show>/<episode>``."""
        return episode_in(url) if host_of(url) == DOMAIN else None

    def fetch_url(self, url: str) -> str:
        """Return the episode, or the first episodes of a show, in the interface."""
        if (episode := episode_in(url)) is not None:
            return "{}/api/v2/shows/{}/episodes/{}".format(SITE, *episode.split("/"))
        if (show := show_in(url)) is not None and "offset=" not in url:
            return f"{SITE}/api/v2/shows/{show}/episodes?offset=0&limit={PAGE_EPISODES}"
        return url

    def recognises(self, head: str) -> bool:
        """Return True if it is an episode, or the rows of one."""
        if not head.lstrip("\ufeff \t\r\n").startswith("{"):
            return "https://www.nts.live/shows/" in head and 'class="track' in head
        return '"episode_alias"' in head or ('"isrc_id"' in head and '"acr_id"' in head)

    def parse(self, body: bytes, *, url: str, charset: str | None = None) -> ParsedPage:
        """Read the episode as a set; one without the key ``tracklist`` is a throttle."""
        from tlray.sites.nts.parser import parse_page  # noqa: PLC0415 - loaded with the first page

        return parse_page(body, url=url, charset=charset)
