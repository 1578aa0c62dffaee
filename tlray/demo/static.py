"""The demo's pages written to a folder, for a web server that is faster than ours.

The benchmarks serve them with nginx (``gzip_static always; gunzip on;``): then the site costs next to
nothing, and what is measured is the scraper. One folder serves several addresses: every page is there
once, and ``urls.txt`` says on which address it is to be asked for.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from tlray.demo.bodies import compress
from tlray.demo.page import page_of
from tlray.demo.plan import Plan
from tlray.demo.rows import make_set
from tlray.demo.truth import truth_of


def write_static(
    folder: Path | str, n_sets: int = 200, seed: int = 1, bases: Sequence[str] = ("http://127.0.0.1:8080",)
) -> Plan:
    """Write ``tracklist/<id>/<slug>.html.gz``, ``truth/<id>.json``, ``robots.txt`` and ``urls.txt``.

    ``bases`` are what the URLs begin with, one for each site.
    """
    folder = Path(folder)
    plan = Plan(seed, n_sets, len(bases))
    (folder / "truth").mkdir(parents=True, exist_ok=True)
    for i in range(n_sets):
        demo = make_set(seed, i, plan.head(i))
        page = folder / f"{demo.head.path.lstrip('/')}.gz"
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_bytes(compress(page_of(demo).encode()))
        truth = json.dumps(truth_of(demo, url=bases[plan.site_of(i)] + demo.head.path), ensure_ascii=False)
        (folder / "truth" / f"{demo.head.set_id}.json").write_text(truth, encoding="utf-8")
    (folder / "robots.txt").write_text("User-agent: *\nAllow: /\n", encoding="ascii")
    (folder / "urls.txt").write_text("".join(f"{url}\n" for url in plan.urls(bases)), encoding="ascii")
    return plan
