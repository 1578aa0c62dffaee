"""Sites that this process knows: the shipped ones, and those of installed packages (entry-point group ``tlray.sites``)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from tlray import plugins
from tlray.core.politeness.site_profile import SiteProfile
from tlray.sites import discogs, musicbrainz, nts
from tlray.sites.interface import SiteParser
from tlray.sites.mixesdb import profile as mixesdb
from tlray.sites.tracklists1001 import profile as tracklists1001

GROUP = "tlray.sites"
SHIPPED = {
    "1001tracklists": "tlray.sites.tracklists1001:Tracklists1001",
    "mixesdb": "tlray.sites.mixesdb:MixesDB",
    "musicbrainz": "tlray.sites.musicbrainz:MusicBrainz",
    "discogs": "tlray.sites.discogs:Discogs",
    "nts": "tlray.sites.nts:Nts",
    "podcast": "tlray.readers.feed_pages:FeedPages",
    "schema.org": "tlray.sites.schemaorg:SchemaOrg",
}
"""In the order in which they are asked about a page of an unknown host."""
SHIPPED_PROFILES = (
    tracklists1001.PROFILE,
    mixesdb.PROFILE,
    musicbrainz.PROFILE,
    discogs.PROFILE,
    nts.PROFILE,
)


@cache
def parsers() -> tuple[SiteParser, ...]:
    """Return all parsers in the order in which they are asked: installed ones, then the shipped."""
    return tuple(plugins.load(GROUP, SHIPPED, SiteParser).values())


def profiles() -> Iterator[SiteProfile]:
    """Yield every profile. A shipped one counts also where an installed parser takes the place of its parser."""
    yield from SHIPPED_PROFILES
    for parser in parsers():
        yield from parser.profiles
