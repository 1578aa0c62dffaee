"""The politeness profile of mixesdb.com."""

from tlray.core.politeness.site_profile import SiteProfile
from tlray.sites.mixesdb.urls import DOMAIN

# robots.txt, read 2026-10: Crawl-delay 4. One connection, 5 s, is what the site bore for hundreds of requests
PROFILE = SiteProfile(host=DOMAIN, rate=1 / 5, is_one_with_www=True)
