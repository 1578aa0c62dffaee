"""The politeness profile of 1001tracklists.com."""

from tlray.core.politeness.site_profile import SiteProfile
from tlray.sites.tracklists1001.urls import DOMAIN, SHORT_DOMAIN

# robots.txt, read 2026-07: Crawl-delay 8. The site limits after some 100 fast requests; see docs/politeness.md
PROFILE = SiteProfile(host=DOMAIN, rate=1 / 8, is_one_with_www=True, short_hosts=(SHORT_DOMAIN,))
