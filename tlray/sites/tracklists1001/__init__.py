"""1001tracklists.com: every field of its tracklist pages, 2015 to 2026, and its blocks, by name.

From the outside in: `parser.py` asks the questions in order; `table.py` finds the rows and their headings,
`rows.py` reads one, `names.py`, `cues.py`, `players.py` say what it means, `tracks.py` puts it together,
`head.py` reads the page's own fields; `completeness.py` tells whole pages from halves, `kind.py` names pages
that are no set, `decoy.py` those that lie; `look.py` knows the site's pages without their URL, `urls.py` its URLs; `wording.py`
cleans text.
"""

from __future__ import annotations

from tlray.model import ParsedPage
from tlray.sites.tracklists1001 import urls
from tlray.sites.tracklists1001.profile import PROFILE

# What reads HTML is imported with the first page: a process that asks for URLs and the profile alone does not need it.


class Tracklists1001:
    """The parser of 1001tracklists.com; see `SiteParser` for what each member promises."""

    name = urls.SITE_NAME
    version = urls.VERSION
    domains = (urls.DOMAIN, urls.SHORT_DOMAIN)
    profiles = (PROFILE,)

    def canonical_url(self, url: str) -> str:
        """Return ``https://www.1001tracklists.com/tracklist/<id>/<slug>.html``, without query and fragment."""
        return urls.canonical_url(url)

    def source_id(self, url: str) -> str | None:
        """Return the set's id (``1pn8l919``) in a URL of the site or its short links."""
        return urls.source_id(url)

    def recognises(self, head: str) -> bool:
        """Return True if the page names the site as its own, or has the site's rows."""
        from tlray.sites.tracklists1001.look import is_ours  # noqa: PLC0415

        return is_ours(head)

    def parse(self, body: bytes, *, url: str, charset: str | None = None) -> ParsedPage:
        """Say what kind of page it is and read the set on it; never raises."""
        from tlray.sites.tracklists1001.parser import parse_page  # noqa: PLC0415

        return parse_page(body, url=url, charset=charset)
