"""Scrapy with AutoThrottle, for so long: ``python -m benchmarks.peers.scrapy_throttled URLS SECONDS [TARGET]``.

TARGET is ``AUTOTHROTTLE_TARGET_CONCURRENCY``, 1 by default. All else stays as Scrapy ships it (the first delay of 5 s, at
most 8 requests in flight at a domain, retries of 503), and robots.txt is obeyed. Pages are not read: AutoThrottle
looks at latencies only.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import scrapy
from scrapy.crawler import CrawlerProcess
from scrapy.http import Response


class Pages(scrapy.Spider):
    """One request a URL."""

    name = "pages"

    def __init__(self, path: str) -> None:
        super().__init__()
        self._urls = Path(path).read_text(encoding="utf-8").split()

    async def start(self) -> AsyncIterator[scrapy.Request]:
        """Ask for every URL of the list."""
        for url in self._urls:
            yield scrapy.Request(url, self.parse)

    def parse(self, response: Response) -> None:
        """Read nothing."""


def main() -> None:
    """Run once."""
    target = float(sys.argv[3]) if len(sys.argv) > 3 else 1.0
    process = CrawlerProcess({
        "AUTOTHROTTLE_ENABLED": True, "AUTOTHROTTLE_TARGET_CONCURRENCY": target,
        "ROBOTSTXT_OBEY": True,
        "CLOSESPIDER_TIMEOUT": float(sys.argv[2]), "TELNETCONSOLE_ENABLED": False, "LOG_LEVEL": "CRITICAL",
    })  # fmt: skip
    process.crawl(Pages, path=sys.argv[1])
    process.start()


if __name__ == "__main__":
    main()
