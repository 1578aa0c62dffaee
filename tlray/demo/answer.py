"""A demo site's answer to one request.

Plain decisions with the time handed in; `wire.py` then sends what was decided, or spoils it.
The order is that of a real site: rate guard, block, the page's own fault, the page.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass, field, replace
from email.utils import formatdate
from itertools import islice
from math import ceil
from random import Random

from tlray.demo.blocks import BLOCKS, block_page, dj_page, gone_page, home_page, search_page
from tlray.demo.bodies import PNG, BodyCache, bomb, compress
from tlray.demo.faults import Fault, Faults
from tlray.demo.guard import BlockGuard, RateGuard
from tlray.demo.names import seeded
from tlray.demo.page import dj_slug, page_of
from tlray.demo.plan import Plan, id_in_path
from tlray.demo.robots import robots_txt
from tlray.demo.rows import make_set
from tlray.demo.sets import DemoSet
from tlray.demo.truth import truth_of

HTML = "text/html; charset=utf-8"
LIST_SETS = 30
"""Sets on a page of a list."""
_MAX_LISTED = 10_000
_DJ = re.compile(r"/dj/([a-z0-9]{1,80})/index\.html(?=\?|$)")
_PAGE = re.compile(r"page=[1-9]\d{0,5}")
_HOP = re.compile(r"hop-\d{1,6}\.html")
_WIRE = frozenset(("hang", "hang-body", "reset", "reset-body", "close", "truncated", "drip"))
_STATUS = {
    "429": 429,
    "429-date": 429,
    "429-bare": 429,
    "503": 503,
    "503-retry-after": 503,
    "500": 500,
    "502": 502,
    "403": 403,
}


@dataclass(frozen=True, slots=True)
class Answer:
    """A response, and the faults of its sending."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": HTML})
    fault: str = ""
    manner: str = ""
    """A fault of the wire: ``hang``, ``reset``, ``truncated`` …; "" sends the body as it is."""
    value: float = 0.0
    """What the manner needs: the seconds of a ``drip``, the megabytes of a ``big-body``."""
    delay_s: float = 0.0


@dataclass(slots=True)
class DemoSite:
    """One site of a demo: its pages, its faults, its guards."""

    site: int
    plan: Plan
    faults: Faults
    cache: BodyCache
    robots: str = "allow"
    rate: RateGuard | None = None
    block: BlockGuard | None = None
    latency: str = "0"
    bases: list[str] = field(default_factory=list)
    """What the URLs of each site of the demo begin with."""
    _asked: Counter[str] = field(default_factory=Counter)
    _disallowed: list[str] | None = None
    _rng: Random = field(default_factory=lambda: seeded("latency"))

    def answer(self, path: str, *, now: float, wall: float) -> Answer:
        """Decide about one GET of ``path``; ``now`` is monotonic, ``wall`` for dates in headers."""
        set_id = id_in_path(path)
        if set_id is None:
            return self._other(path)
        refused = self._guards(path, set_id, now)
        if refused is not None:
            return refused
        i = self.plan.index_of(set_id)
        if i is None:
            return _page(404, compress(gone_page(path).encode()))
        one = self.faults.of(set_id) if self.plan.site_of(i) == self.site else None
        if one is not None:
            self._asked[set_id] += 1
            if one.times is None or self._asked[set_id] <= one.times:
                return self._spoilt(one, i, path, wall)
        return self._right(i)

    def internal_answer(self, path: str) -> Answer | None:
        """Answer what only tests and the command line ask for; None if ``path`` is none of it."""
        if path == "/urls.txt":
            text = "".join(f"{url}\n" for url in self.plan.urls(self.bases))
            return Answer(body=text.encode(), headers={"Content-Type": "text/plain; charset=utf-8"})
        if path.startswith("/truth/"):
            i = self.plan.index_of(path.removeprefix("/truth/").removesuffix(".json"))
            if i is None:
                return Answer(404, b"no such set\n", {"Content-Type": "text/plain"})
            url = self.bases[self.plan.site_of(i)] + self.plan.path(i) if self.bases else ""
            body = json.dumps(truth_of(self.set_of(i), url=url), ensure_ascii=False).encode()
            return Answer(body=body, headers={"Content-Type": "application/json"})
        return None

    def set_of(self, i: int) -> DemoSet:
        """Invent set ``i``."""
        return make_set(self.plan.seed, i, self.plan.head(i))

    def body_of(self, i: int) -> bytes:
        """Return the compressed page of set ``i``."""
        return self.cache.get(("page", i), lambda: compress(page_of(self.set_of(i)).encode()))

    def _guards(self, path: str, set_id: str, now: float) -> Answer | None:
        if self.rate is not None:
            wait_s = self.rate.retry_after_s(now=now)
            if wait_s > 0:
                headers = {"Content-Type": HTML, "Retry-After": str(max(1, ceil(wait_s)))}
                return Answer(429, b"<h1>Too Many Requests</h1>", headers, fault="rate-guard")
        if self.block is not None and self.block.is_blocked(now=now):
            kind = self.block.block.kind
            i = self.plan.index_of(set_id) or 0
            status, page = block_page(kind, self.set_of(i))
            return replace(_page(status, compress(page.encode())), fault=f"block:{kind}")
        return None

    def _right(self, i: int) -> Answer:
        answer = _page(200, self.body_of(i))
        return answer if self.latency == "0" else replace(answer, delay_s=self._draw(self.latency))

    def _draw(self, span: str) -> float:
        """Read ``0.5`` or draw from ``0.1-3``."""
        low, _, high = span.partition("-")
        return self._rng.uniform(float(low), float(high)) if high else float(low)

    def _spoilt(self, one: Fault, i: int, path: str, wall: float) -> Answer:
        name = one.name
        right = replace(self._right(i), fault=name)
        if name in _WIRE:
            return replace(right, manner=name, value=one.seconds if name == "drip" else 0.0)
        if name in _STATUS:
            return _refusal(one, wall)
        if name in BLOCKS:
            status, page = block_page(name, self.set_of(i))
            return replace(right, status=status, body=compress(page.encode()))
        if name.startswith("redirect"):
            return self._redirect(one, i, path) or right
        if name == "slow":
            return replace(right, delay_s=self._draw(one.value))
        return replace(self._spoilt_body(one, i, path, right), fault=name)

    def _spoilt_body(self, one: Fault, i: int, path: str, right: Answer) -> Answer:  # noqa: PLR0911 - a table
        match one.name:
            case "gzip-cut":
                return replace(right, body=right.body[: len(right.body) // 2])
            case "gzip-bad":
                return replace(right, body=b"<html><body>this was never compressed</body></html>")
            case "gzip-bomb":
                return replace(right, body=bomb(one.seconds))
            case "big-body":
                return Answer(manner="big-body", value=one.seconds)
            case "image":
                return Answer(body=PNG, headers={"Content-Type": "image/png"})
            case "wrong-charset":
                return replace(
                    right, headers={**right.headers, "Content-Type": "text/html; charset=iso-8859-1"}
                )
            case "empty":
                return Answer()
            case "junk":
                return replace(right, body=compress(home_page().encode()))
            case "half":
                demo = self.set_of(i)
                return replace(right, body=compress(page_of(demo, n_rows=len(demo.rows) // 2).encode()))
            case "404" | "410" | "gone":
                status = 200 if one.name == "gone" else int(one.name)
                return replace(right, status=status, body=compress(gone_page(path).encode()))
            case _:  # robots: the page is right, the visitor is wrong
                return right

    def _redirect(self, one: Fault, i: int, path: str) -> Answer | None:
        folder, last = f"/tracklist/{self.plan.set_id(i)}", path.rsplit("/", 1)[-1]
        if one.name == "redirect-loop":
            place = path
        elif one.name == "redirect-out":
            place = f"http://192.0.2.1{path}"
        elif one.name == "redirect-chain":
            hop = int(last[4:-5]) if _HOP.fullmatch(last) else 0
            place = f"{folder}/hop-{hop + 1}.html" if hop < one.seconds else ""
        else:
            other = self._other_base() if one.name == "redirect-site" else ""
            place = "" if last == "moved.html" else f"{other}{folder}/moved.html"
        if not place:
            return None
        status = 301 if one.name == "redirect" else 302
        return Answer(status, b"", {"Content-Type": HTML, "Location": place}, fault=one.name)

    def _other_base(self) -> str:
        if len(self.bases) > 1:
            return self.bases[(self.site + 1) % len(self.bases)]
        return self.bases[0].replace("127.0.0.1", "localhost")

    def _other(self, path: str) -> Answer:
        if path in ("/robots.txt", "/elsewhere/robots.txt"):
            if self._disallowed is None:
                self._disallowed = self._robots_ids()
            robots = robots_txt(self.robots, path, self._disallowed)
            headers = {"Content-Type": robots.content_type}
            if robots.location:
                headers["Location"] = robots.location
            return Answer(robots.status, robots.body, headers, manner=robots.misbehave or "")
        if path == "/":
            return _page(200, self.cache.get(("home", 0), lambda: compress(home_page().encode())))
        if path.startswith("/search") or _DJ.match(path):
            return self._list(path)
        return _page(404, compress(gone_page(path).encode()))

    def _list(self, path: str) -> Answer:
        """Return a page of a list: of all sets, or of those of a DJ."""
        place, _, query = path.partition("?")
        page = int(query.removeprefix("page=")) if _PAGE.fullmatch(query) else 1
        dj = _DJ.match(place)
        heads = map(self.plan.head, range(min(self.plan.n_sets, _MAX_LISTED)))
        wanted = heads if dj is None else (head for head in heads if dj[1] in map(dj_slug, head.djs))
        shown = list(islice(wanted, LIST_SETS * (page - 1), LIST_SETS * page + 1))
        more = f"{place}?page={page + 1}" if len(shown) > LIST_SETS else ""
        shown = shown[:LIST_SETS]
        text = search_page("anything", shown, more) if dj is None else dj_page(dj[1], place, shown, more)
        return _page(200, compress(text.encode()))

    def _robots_ids(self) -> list[str]:
        if not any(one.name == "robots" for one in self.faults.faults):
            return []
        mine = ((set_id, self.faults.of(set_id)) for set_id in self.plan.ids(self.site))
        return [set_id for set_id, one in mine if one is not None and one.name == "robots"]


def _page(status: int, body: bytes) -> Answer:
    return Answer(status, body, {"Content-Type": HTML, "Content-Encoding": "gzip", "Vary": "Accept-Encoding"})


def _refusal(one: Fault, wall: float) -> Answer:
    headers = {"Content-Type": HTML}
    if one.name in ("429", "503-retry-after"):
        headers["Retry-After"] = one.value
    elif one.name == "429-date":
        headers["Retry-After"] = formatdate(ceil(wall + one.seconds), usegmt=True)
    body = b"" if one.name == "502" else b"<html><body><h1>The demo site refuses</h1></body></html>"
    return Answer(_STATUS[one.name], body, headers, fault=one.name)
