"""Scrapy with parsel, every field, JSON lines; as a careful user of Scrapy would write it.

``python -m benchmarks.peers.scrapy_spider URLS OUT`` prints one JSON line: what it cost from the
spider's start on, without the start-up. robots.txt is obeyed, AutoThrottle and the HTTP cache are off,
as many requests at once as the others make.
"""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from unicodedata import normalize

import scrapy
from scrapy.crawler import CrawlerProcess
from scrapy.http import Response

SITE = "https://www.1001tracklists.com"
_ISO = re.compile(r"PT(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?")
_UNITS = re.compile(r"(\d+) (hour|minute|second)")
_SECONDS = {"hour": 3600, "minute": 60, "second": 1}
_begun: dict[str, float] = {}


class Sets(scrapy.Spider):
    """One request a URL, one item a set."""

    name = "sets"

    def __init__(self, path: str) -> None:
        super().__init__()
        self._urls = Path(path).read_text(encoding="utf-8").split()

    async def start(self) -> AsyncIterator[scrapy.Request]:
        """Ask for every URL of the list."""
        _begun.update(cpu_s=time.process_time(), wall_s=time.perf_counter())
        for url in self._urls:
            yield scrapy.Request(url, self.parse)

    def parse(self, response: Response) -> Iterator[dict[str, Any]]:
        """Read one page."""
        tab = response.css("#tlTab")
        tracks: list[dict[str, Any]] = []
        recordings = list(
            dict.fromkeys(response.css("script").re(r'(?:ytPlayer\.idPlayer = |\{ idPlayer: )"([^"]+)"'))
        )
        recording = 1 if recordings else None
        section, main = None, 0
        for row in tab.xpath("./div"):
            kinds = row.attrib.get("class", "").split()
            if "tlpItem" in kinds:
                kind = "mashup_part" if "tlpSubTog" in kinds else "with" if "con" in kinds else "main"
                index = len(tracks) + 1
                main = index if kind == "main" else main
                parent = None if kind == "main" else main
                place = {"index": index, "kind": kind, "parent": parent, "section": section}
                tracks.append({**place, "recording": recording, **_track(row, kind)})
            elif "bItmH" in kinds and "noUser" not in kinds and (head := row.css(".breakAll, .fRow")):
                section = _squeeze("".join(head[0].xpath(".//text()").getall()))
                if recording and section.startswith("Player "):
                    recording = int(section[7:])
        if len(tracks) > 1 and tracks[0]["cue_s"] is None and any(t["cue_s"] is not None for t in tracks):
            tracks[0]["cue_s"] = 0.0
        length = response.xpath('//div[text()="Duration"]/following-sibling::div[1]/text()').get("")
        yield {
            "url": response.url,
            "site": "1001tracklists",
            "source_id": response.url.split("/")[4],
            "page_url": response.xpath('//link[@rel="canonical"]/@href').get(),
            "page_id": tab.attrib.get("data-id"),
            "title": normalize("NFC", tab.xpath('./meta[@itemprop="name"]/@content').get("")),
            "date": tab.xpath('./meta[@itemprop="datePublished"]/@content').get(),
            "djs": [normalize("NFC", dj) for dj in tab.xpath('./meta[@itemprop="author"]/@content').getall()],
            "sources": response.xpath('//h1/a[starts-with(@href, "/source/")]/text()').getall(),
            "genres": tab.xpath('./meta[@itemprop="genre"]/@content').getall(),
            "is_live": tab.attrib.get("data-islive") == "true",
            "duration_s": float(sum(int(n) * _SECONDS[unit] for n, unit in _UNITS.findall(length))) or None,
            "recordings": recordings,
            "track_count": len(tracks),
            "identified_count": sum(t["identity"] == "identified" for t in tracks),
            "cued_count": sum(t["cue_s"] is not None for t in tracks),
            "tracks": tracks,
        }


def _track(row: Any, kind: str) -> dict[str, Any]:
    """Read one row."""
    content = row.css(".bCont > .fontL")
    metas = {meta.attrib["itemprop"]: meta.attrib.get("content") for meta in content.xpath("./meta")}
    genres = content.xpath('./meta[@itemprop="genre"]/@content').getall()
    name = line = metas.get("name")
    if name is None or len(name) >= 255:
        visible = _squeeze("".join(content.css(".trackValue").xpath(".//text()").getall())) or "ID - ID"
        name = visible.replace("( ", "(").replace(" )", ")")
        line = line or name
    artist, _, title = name.partition(" - ")
    extra = [_squeeze(e.xpath("string()").get("")) for e in content.css(".trackStatus, .trackEditData")]
    labels = [
        _squeeze(label.xpath("string()").get("")).replace(" )", ")") for label in content.css(".trackLabel")
    ]
    line = " ".join([line, *extra]) + (f" [{'/'.join(labels)}]" if labels else "")
    url = metas.get("url")
    track_id = row.attrib.get("data-trackid") or (url.split("/")[2] if url else None)
    if any("ID Remix" in words for words in extra):
        identity = "id_remix"
    elif track_id or row.attrib.get("data-isided") == "true":
        identity = "identified"
    else:
        identity = "id_title" if metas.get("name") else "id"
    number = row.xpath('.//span[contains(@id, "_tracknumber_value")]/text()').get("").strip()
    has_cue = kind != "mashup_part" and row.css(".cue::text").get("").strip()
    image = row.css("img.artM")
    art = (image.attrib.get("data-src") or image.attrib.get("src") or "") if image else ""
    found = _ISO.fullmatch(metas.get("duration") or "")
    hours, minutes, seconds = found.groups("0") if found else ("0", "0", "0")
    return {
        "number": int(number) if kind == "main" and number.isdecimal() else None,
        "cue_s": float(row.xpath('.//input[contains(@id, "_cue_seconds")]/@value').get("0"))
        if has_cue
        else None,
        "artist": normalize("NFC", artist),
        "title": normalize("NFC", " ".join([title, *extra])),
        "labels": labels,
        "identity": identity,
        "track_id": track_id,
        "track_url": SITE + url if url else None,
        "duration_s": int(hours) * 3600.0 + int(minutes) * 60 + int(seconds) if found else None,
        "genres": genres,
        "artwork_url": art if art.startswith("http") and "/default_" not in art else None,
        "media_id": row.css(".mediaRow::attr(data-trackid)").get(),
        "text": normalize("NFC", line),
    }


def _squeeze(text: str) -> str:
    return " ".join(text.split())


def main() -> None:
    """Run once."""
    process = CrawlerProcess({
        "CONCURRENT_REQUESTS": 32, "CONCURRENT_REQUESTS_PER_DOMAIN": 32, "DOWNLOAD_DELAY": 0,
        "AUTOTHROTTLE_ENABLED": False, "ROBOTSTXT_OBEY": True, "HTTPCACHE_ENABLED": False,
        "COOKIES_ENABLED": False, "TELNETCONSOLE_ENABLED": False,
        "LOG_LEVEL": "ERROR", "FEEDS": {sys.argv[2]: {"format": "jsonlines", "overwrite": True}},
    })  # fmt: skip
    process.crawl(Sets, path=sys.argv[1])
    process.start()
    cost = {"cpu_s": time.process_time() - _begun["cpu_s"], "wall_s": time.perf_counter() - _begun["wall_s"]}
    pages = [json.loads(line) for line in Path(sys.argv[2]).read_text(encoding="utf-8").splitlines()]
    print(json.dumps({**cost, "pages": len(pages), "tracks": sum(page["track_count"] for page in pages)}))


if __name__ == "__main__":
    main()
