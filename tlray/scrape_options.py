"""Options of a batch: from a command line or a call, over the environment, over ``domains.toml``."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from tlray.core.model.discovery import DEFAULT_FOUND, MOST_FOUND
from tlray.core.model.durations import LONGEST_S, parse_duration_s
from tlray.core.model.item import Priority
from tlray.core.politeness.domain_policy import MOST_AT_ONCE
from tlray.core.politeness.policy import PolitenessOptions
from tlray.core.politeness.rate_text import parse_rate
from tlray.core.politeness.requested_policy import MOST_ATTEMPTS, RequestedPolicy, read_tables
from tlray.core.politeness.site_profile import parse_politeness_key
from tlray.core.scheduling.batch_config import BatchConfig
from tlray.errors import BadOption
from tlray.io.intake.domains_toml import read_domains_file
from tlray.io.journal.rows import BatchOptions
from tlray.settings import Settings
from tlray.sites.registry import shared

T = TypeVar("T", int, tuple[float, float])


@dataclass(frozen=True, slots=True, kw_only=True)
class ScrapeOptions:
    """Options of a batch."""

    name: str = ""
    priority: str = "normal"
    rates: Mapping[str, str] = field(default_factory=dict)
    """Domain → ``N/s``."""
    concurrency: Mapping[str, int] = field(default_factory=dict)
    ignore_crawl_delay: Collection[str] = ()
    max_attempts: int | None = None
    """For every domain and every kind of outcome, whatever `domains.toml` says; None: 5, where it says nothing."""
    retry: Mapping[str, object] = field(default_factory=dict)
    """Kind of outcome → ``{"max_attempts": 2, "base": "5s", "cap": "10m"}``, as in ``domains.toml``."""
    domains: Mapping[str, object] = field(default_factory=dict)
    """Domain → what ``domains.toml`` may say of one."""
    api_terms: Collection[str] = ()
    """Sites whose API is used under its published terms, although robots.txt disallows it: ``musicbrainz``."""
    find: bool | Mapping[str, object] = False
    """Pages that list sets (a category, a search, a show, a feed) add them to the batch; ``{"max_found": N, "only": True}``: at
    most so many, and without fetching them."""
    keep_pages: bool = True
    fresh_for: str | float = "24h"
    """A page that any batch of the home has fetched within so long (seconds, or ``24h``) is not fetched again: its rows are
    taken from there. 0: every page is fetched."""

    def checked(self, settings: Settings | None = None) -> tuple[BatchOptions, Priority]:
        """Return the options as the journal keeps them, under them the environment's and then those of the
        domains' file; UsageError says what is wrong."""
        try:
            priority = Priority[self.priority.upper()]
        except KeyError:
            raise BadOption(
                f"priority {self.priority!r}: choose immediate, normal or low", "priority"
            ) from None
        asked = self._asked()
        if settings is not None:
            asked = asked.over(
                RequestedPolicy(PolitenessOptions(block_cool_down_s=settings.block_cool_down_s))
            )
            asked = asked.over(read_domains_file(settings.domains_file, settings.home))
        api_terms = self._api_terms()
        max_found, is_only = self._find()
        terms = None
        if settings is not None:
            terms = replace(
                terms_of(settings), api_terms=api_terms, max_found=max_found, is_only_finding=is_only
            )
        return BatchOptions(
            asked.politeness,
            asked.retry_policy(),
            self.keep_pages,
            self._fresh_for_s(),
            named=self._named(),
            terms=terms,
        ), priority

    def _api_terms(self) -> tuple[str, ...]:
        """Return the named sites, each once; UsageError for one that has no such terms."""
        sites = shared().with_terms() if self.api_terms else []
        for name in self.api_terms:
            if name not in sites:
                raise BadOption(
                    f"api terms {name[:40]!r}: no site of this name has an API of its own terms; there is {', '.join(sites)}",
                    "api_terms",
                )
        return tuple(sorted(set(self.api_terms)))

    def _find(self) -> tuple[int, bool]:
        """Return how many sets pages of lists may add (0: none), and whether they are only found."""
        if not self.find and not isinstance(self.find, Mapping):
            return 0, False
        asked = self.find if isinstance(self.find, Mapping) else {}
        if unknown := sorted(asked.keys() - {"max_found", "only"}):
            raise BadOption(f"find: {unknown[0][:40]!r} is unknown; there is max_found and only", "find")
        max_found, is_only = asked.get("max_found", DEFAULT_FOUND), asked.get("only", False)
        if not isinstance(max_found, int) or isinstance(max_found, bool) or not 1 <= max_found <= MOST_FOUND:
            raise BadOption(
                f"max found is {str(max_found)[:40]}; give 1 to {MOST_FOUND:,}", "find", "max_found"
            )
        if not isinstance(is_only, bool):
            raise BadOption(f"find: only is {str(is_only)[:40]!r}; give true or false", "find", "only")
        return max_found, is_only

    def _named(self) -> tuple[str, ...]:
        """Return the domains that are named here, which `_asked` has checked."""
        names = (*self.rates, *self.concurrency, *self.ignore_crawl_delay, *self.domains)
        return tuple(sorted({parse_politeness_key(name) for name in names}))

    def _fresh_for_s(self) -> float:
        try:
            fresh_for_s = parse_duration_s(str(self.fresh_for))
        except ValueError as error:
            raise BadOption(f"fresh-for {error}, or 0 to fetch every page", "fresh_for") from None
        if fresh_for_s > LONGEST_S:
            raise BadOption(f"fresh-for {str(self.fresh_for)[:40]!r} is more than 366d", "fresh_for")
        return fresh_for_s

    def _asked(self) -> RequestedPolicy:
        for domain, n in self.concurrency.items():
            if not 1 <= n <= MOST_AT_ONCE:
                raise BadOption(
                    f"concurrency of {domain} is {n}; give 1 to {MOST_AT_ONCE}", "concurrency", domain
                )
        if self.max_attempts is not None and not 1 <= self.max_attempts <= MOST_ATTEMPTS:
            raise BadOption(f"max attempts is {self.max_attempts}; give 1 to {MOST_ATTEMPTS}", "max_attempts")
        politeness = PolitenessOptions(
            rates=_by_unit({domain: _rate(domain, rate) for domain, rate in self.rates.items()}, "rates"),
            concurrency=_by_unit(self.concurrency, "concurrency"),
            crawl_delay_ignored=frozenset(
                _unit(domain, "ignore_crawl_delay", str(n))
                for n, domain in enumerate(self.ignore_crawl_delay)
            ),
        )
        asked = RequestedPolicy(politeness).over(
            read_tables({"domains": self.domains, "retry": self.retry}, of="options")
        )
        return replace(asked, retry=replace(asked.retry, max_attempts=self.max_attempts))


def terms_of(settings: Settings) -> BatchConfig:
    """Return the terms of a batch that is submitted under these settings."""
    return BatchConfig(settings.contact, settings.fetch_timeout_s, settings.max_workers)


def _rate(domain: str, text: str) -> tuple[float, float]:
    try:
        return parse_rate(text)
    except ValueError as error:
        raise BadOption(f"{error}; for example 2/s", "rates", domain) from None


def _unit(domain: str, *keys: str) -> str:
    try:
        return parse_politeness_key(domain)
    except ValueError as error:
        raise BadOption(str(error), *keys) from None


def _by_unit(values: Mapping[str, T], key: str) -> dict[str, T]:
    """Key what is said per domain by units; of two names of one unit the gentler value counts."""
    found: dict[str, T] = {}
    for domain, value in values.items():
        unit = _unit(domain, key, domain)
        found[unit] = min(found.get(unit, value), value)
    return found
