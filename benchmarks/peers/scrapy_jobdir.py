"""Scrapy with a JOBDIR, as its manual says a crawl is made to go on: the same command again after it was stopped, or killed.

``python -m benchmarks.peers.scrapy_jobdir URLS OUT FOLDER``: results are appended to OUT, the state lies in FOLDER. Retries are
Scrapy's own, as often as tlray's; robots.txt is obeyed.
"""

from __future__ import annotations

import sys

from scrapy.crawler import CrawlerProcess

from benchmarks.peers.scrapy_spider import Sets


def main() -> None:
    """Crawl, or go on with a crawl."""
    urls, out, folder = sys.argv[1:]
    process = CrawlerProcess({
        "JOBDIR": folder, "FEEDS": {out: {"format": "jsonlines", "overwrite": False}},
        "CONCURRENT_REQUESTS": 16, "CONCURRENT_REQUESTS_PER_DOMAIN": 16, "DOWNLOAD_DELAY": 0, "DOWNLOAD_TIMEOUT": 10,
        "RETRY_TIMES": 4, "ROBOTSTXT_OBEY": True, "COOKIES_ENABLED": False, "TELNETCONSOLE_ENABLED": False,
        "LOG_LEVEL": "CRITICAL",
    })  # fmt: skip
    process.crawl(Sets, path=urls)
    process.start()


if __name__ == "__main__":
    main()
