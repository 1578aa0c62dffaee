"""Scrapy's scheduler in memory, with its default queue and filter of duplicates: in and out again.

A request is made, fingerprinted, held against those that were seen, queued by domain and priority, and taken
out of the domain that has the least in flight. That stands in Scrapy where the frontier stands in tlray; what
becomes of a request (retries, delays per domain, robots.txt) is done elsewhere in Scrapy and not counted.
"""

from __future__ import annotations

from time import process_time
from types import SimpleNamespace

import scrapy
from scrapy.core.downloader import Downloader
from scrapy.core.scheduler import Scheduler
from scrapy.utils.test import get_crawler


def run(n_items: int, n_domains: int) -> float:
    """Return the CPU seconds that moving the requests takes."""
    no_handlers = dict.fromkeys(("http", "https", "ftp", "s3", "data", "file"))  # nothing is fetched
    crawler = get_crawler(settings_dict={"TELNETCONSOLE_ENABLED": False, "DOWNLOAD_HANDLERS": no_handlers})
    spider = scrapy.Spider(name="queue")
    crawler.spider = spider
    crawler.engine = SimpleNamespace(
        downloader=Downloader(crawler)
    )  # the scheduler asks no more of an engine
    scheduler = Scheduler.from_crawler(crawler)
    scheduler.open(spider)
    begun = process_time()
    for i in range(n_items):
        scheduler.enqueue_request(scrapy.Request(f"http://d{i % n_domains}.test/{i}"))
    n_out = 0
    while scheduler.next_request() is not None:
        n_out += 1
    spent_s = process_time() - begun
    scheduler.close("finished")
    if n_out != n_items:
        raise SystemExit(f"Scrapy's scheduler gave {n_out} of {n_items} requests")
    return spent_s
