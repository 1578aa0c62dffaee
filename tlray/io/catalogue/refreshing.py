"""The sets of a catalogue that are worth a fetch now (`tlray.core.refresh`), each site within the rates of its domains."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from tlray.core.model.urls import CanonicalUrl, canonicalise
from tlray.core.politeness.policy import PolitenessOptions, ceiling
from tlray.core.politeness.site_profile import politeness_key
from tlray.core.refresh.change_rate import ChangeRates
from tlray.core.refresh.known_set import KnownSet
from tlray.core.refresh.planner import Pick, plan
from tlray.io.catalogue.catch_up import catch_up
from tlray.io.catalogue.database import opened
from tlray.io.catalogue.known_sets import known_sets
from tlray.io.disk.home import Home
from tlray.io.journal.opening import open_reader


def picks(
    home: Home,
    *,
    budget: int,
    horizon_s: float,
    options: PolitenessOptions,
    now: float,
    owner: str | None = None,
    catch_up_s: float | None = None,
) -> list[Pick]:
    """Return the sets to fetch again, at most ``budget``, of each site no more than its rate allows in ``horizon_s``.

    ``owner``: of that user's sets only. ``catch_up_s``: how long the catalogue may read what it lacks; None: to its end.
    """
    catch_up(home, within_s=catch_up_s)
    with open_reader(home.path) as journal:
        gone = journal.items_gone()
    with opened(home) as db:
        sets = list(known_sets(db, owner=owner, gone=gone))
    at_most = _at_most(home, sets, horizon_s, options)
    return plan(sets, ChangeRates.learned(sets), budget=budget, now=now, at_most=at_most)


def _at_most(
    home: Home, sets: Sequence[KnownSet], horizon_s: float, options: PolitenessOptions
) -> dict[str, int]:
    """Return site → fetches that the rates of its domains allow in a time; crawl-delays count as far as they are known."""
    domains: dict[str, set[str]] = {}
    for known in sets:
        if isinstance(url := canonicalise(known.url), CanonicalUrl):
            domains.setdefault(known.site, set()).add(politeness_key(url.domain))
    with open_reader(home.path) as journal:
        rows = {name: journal.domain(name) for of_site in domains.values() for name in of_site}
    rates = {
        name: ceiling(options.policy(name), row.override, row.crawl_delay_s).rate
        if row
        else options.policy(name).rate
        for name, row in rows.items()
    }
    return {
        site: int(min(sys.maxsize, sum(rates[name] for name in of_site) * horizon_s))
        for site, of_site in domains.items()
    }
