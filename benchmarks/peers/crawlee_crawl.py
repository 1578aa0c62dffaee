"""Crawlee with its storage on disk, not purged at the start: the same command again after it was stopped, or killed.

``python -m benchmarks.peers.crawlee_crawl URLS FOLDER``: queue and results lie in FOLDER. Retries are Crawlee's own, as often as
tlray's; robots.txt is obeyed.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from pathlib import Path

from crawlee import ConcurrencySettings
from crawlee.configuration import Configuration
from crawlee.crawlers import ParselCrawler, ParselCrawlingContext
from crawlee.storage_clients import FileSystemStorageClient


async def crawl(urls: list[str], folder: str) -> None:
    """Crawl, or go on with a crawl."""
    crawler = ParselCrawler(
        configuration=Configuration(storage_dir=folder, purge_on_start=False),
        storage_client=FileSystemStorageClient(),
        concurrency_settings=ConcurrencySettings(
            desired_concurrency=16, min_concurrency=16, max_concurrency=16
        ),
        max_request_retries=4,
        respect_robots_txt_file=True,
        configure_logging=False,
    )

    @crawler.router.default_handler
    async def keep(context: ParselCrawlingContext) -> None:
        rows = context.selector.css("#tlTab .tlpItem")
        title = context.selector.css('#tlTab > meta[itemprop="name"]::attr(content)').get()
        if title is None:
            raise ValueError("no tracklist")
        await context.push_data({"url": context.request.url, "title": title, "track_count": len(rows)})

    await crawler.run(urls)


def main() -> None:
    """Run once."""
    logging.disable(logging.CRITICAL)
    asyncio.run(crawl(Path(sys.argv[1]).read_text(encoding="utf-8").split(), sys.argv[2]))


if __name__ == "__main__":
    main()
