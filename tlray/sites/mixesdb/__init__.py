"""mixesdb.com: how gently the site is treated. No parser reads it yet."""

from tlray.core.politeness.site_profile import SiteProfile

# robots.txt, read 2026-10: Crawl-delay 4
PROFILE = SiteProfile(host="mixesdb.com", rate=1 / 4, is_one_with_www=True)
