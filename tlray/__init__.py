"""tlray: catalogue DJ sets by the thousand, politely, on Ray.

>>> import tlray
>>> batch = tlray.scrape(["https://…"], home="sets")        # blocks; a BatchResult
>>> tracklists, tracks = tlray.load(batch.batch_id, home="sets")   # two pandas DataFrames

The map, from what decides to what runs; each package says in its first lines what lives there:

* `tlray.model`, `tlray.errors`, `tlray.settings`: the shapes, the errors, what may be set from outside.
* `tlray.core`: the decisions, pure: `model`, `politeness`, `scheduling`, `pacing` and smaller rooms.
* `tlray.sites`: a page's bytes → what kind of page it is → tracklists; how gently a site is treated.
* `tlray.export`: tracklists → one format each.
* `tlray.io`: outside things: `http`, `journal`, `results`, `disk` and others.
* `tlray.cluster`: the programs on Ray: `coordinator`, `workers`, `driver`. `tlray.service`: the HTTP API.
* `tlray.cli`, ``jobs/``: how people call it. `tlray.demo`: the bundled demo site.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from tlray.core.politeness import site_profile
from tlray.version import __version__

if TYPE_CHECKING:
    from tlray.api import BatchResult, aggregate, changes, load, scrape

__all__ = ["BatchResult", "__version__", "aggregate", "changes", "load", "scrape"]


def _site_profiles() -> Iterable[site_profile.SiteProfile]:
    from tlray.sites.installed import profiles  # noqa: PLC0415 - installed packages are looked up with the first domain

    return profiles()


site_profile.provide(_site_profiles)  # here, because no process imports a part of tlray without this


def __getattr__(name: str) -> Any:
    """Load the API when it is asked for: Ray and pandas take seconds that `tlray parse` need not spend."""
    if name in {"BatchResult", "aggregate", "changes", "load", "scrape"}:
        from tlray import api  # noqa: PLC0415

        return getattr(api, name)
    raise AttributeError(f"module 'tlray' has no attribute {name!r}")
