"""mixesdb.com: mixes of a wiki, by its REST interface as wikitext, or as HTML.

`urls.py` knows what a URL names and where it is fetched, `wikitext.py` and `page.py` read the two forms of a page,
`title.py` what its title says; `mix.py` makes the set. The list itself is read by `tlray.sites.text`.
"""

from __future__ import annotations

import re

from tlray.model import ParsedPage
from tlray.sites.interface import SiteWithApi
from tlray.sites.mixesdb import urls
from tlray.sites.mixesdb.profile import PROFILE

_WIKITEXT = re.compile(r'"content_model"\s*:\s*"wikitext"')
_RESULTS = re.compile(r'"matched_title"\s*:')
_KEY_OF_MIX = re.compile(r'"key"\s*:\s*"\d{4}(?:-\d\d){0,2}_-_')
_OWN_PAGE = re.compile(
    r"//cdn-mixesdb\.com|on MixesDB\s*</title>"
    r"|<link[^<>]{0,200}\brel=[\"']?canonical[^<>]{0,200}//(?:www\.)?mixesdb\.com/w/",
    re.IGNORECASE,
)


class MixesDB(SiteWithApi):
    """The parser of mixesdb.com; see `SiteParser` and `SiteWithApi` for what each member promises."""

    name = "mixesdb"
    version = "mixesdb/1"
    domains = (urls.DOMAIN,)
    profiles = (PROFILE,)
    media_types = ("application/json",)

    def canonical_url(self, url: str) -> str:
        """Return ``https://www.mixesdb.com/w/<key>`` of a mix; other URLs unchanged."""
        key = urls.mix_in(url)
        return url if key is None else urls.page_url(key)

    def source_id(self, url: str) -> str | None:
        """Return the key of the mix."""
        return urls.mix_in(url)

    def fetch_url(self, url: str) -> str:
        """Return the URL of a mix's wikitext; of a key with a slash, which REST does not find, its page."""
        return urls.fetch_url(url)

    def recognises(self, head: str) -> bool:
        """Return True if it is a page of the wiki's, or the answer of its REST interface to a mix."""
        if head.lstrip("\ufeff \t\r\n").startswith("{"):
            return bool(_WIKITEXT.search(head) or _RESULTS.search(head)) and bool(_KEY_OF_MIX.search(head))
        return bool(_OWN_PAGE.search(head))

    def parse(self, body: bytes, *, url: str, charset: str | None = None) -> ParsedPage:
        """Say what kind of page it is and read the sets on it."""
        from tlray.sites.mixesdb.parser import parse_page  # noqa: PLC0415 - HTML's parser is loaded with the first page

        return parse_page(body, url=url, charset=charset)
