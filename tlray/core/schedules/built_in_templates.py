"""The built-in templates: a DJ's sets, a festival, a podcast, a compilation.

They name URLs of sets, not the sets that exist: tlray reads no index pages, so users supply ids or numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tlray.core.schedules.template import Template

_SHORT_LINK: Final = "https://1001.tl/{set}"
"""The site's short link: it needs only the id, no slug."""

BUILT_IN: Final[Mapping[str, Template]] = {
    template.name: template
    for template in (
        Template(
            "dj-sets",
            (_SHORT_LINK,),
            "Sets of one DJ on 1001tracklists. `set`: their ids, as in /tracklist/1pn8l919/…; `dj`: the batch's name.",
            batch_name="{dj}",
            is_built_in=True,
        ),
        Template(
            "festival",
            (_SHORT_LINK,),
            "Sets of one festival on 1001tracklists. `set`: their ids; `event`, `year`: the batch's name.",
            batch_name="{event} {year}",
            is_built_in=True,
        ),
        Template(
            "podcast",
            ("{+address}{episode}",),
            "A podcast whose pages are numbered. `address`: what stands before the number, https://…/episode-;"
            ' `episode`: numbers, {"from": 1, "to": 50}; `show`: the batch\'s name.',
            batch_name="{show}",
            is_built_in=True,
        ),
        Template(
            "compilation",
            ("{+page}",),
            "Pages from anywhere that belong together. `page`: their whole addresses; `title`: the batch's name.",
            batch_name="{title}",
            is_built_in=True,
        ),
    )
}
