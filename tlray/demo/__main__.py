"""``python -m tlray.demo --sites 3 --sets 120``: serve the demo, and print one JSON line when it is ready."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from tlray.demo.faults import CATALOGUE
from tlray.demo.guard import parse_block
from tlray.demo.server import DemoSites, serve_demo
from tlray.demo.static import write_static


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until stopped; or, with ``--static``, write files and leave."""
    options = _parser().parse_args(arguments)
    if options.static:
        write_static(options.static, options.sets, options.seed, options.base or ["http://127.0.0.1:8080"])
        return 0
    try:
        demo = DemoSites(
            n_sites=options.sites,
            n_sets=options.sets,
            seed=options.seed,
            faults=options.faults,
            robots=_robots(options.robots),
            port=options.port,
            rate=options.rate,
            burst=options.burst,
            slack_s=options.slack,
            blocks=[parse_block(text) for text in options.block],
            latency=options.latency,
            log=options.log,
            cache_mb=options.cache_mb,
        )
        serve_demo(
            demo,
            on_ready=lambda ready: _say(ready, warm=options.warm),
            until_stdin_closes=options.until_stdin_closes,
        )
    except (ValueError, OSError) as error:
        sys.stderr.write(f"tlray demo: {error}\n")
        return 2
    return 0


def _say(demo: DemoSites, *, warm: bool) -> None:
    if warm:
        demo.warm()
    line = {
        "bases": demo.bases,
        "urls": f"{demo.bases[0]}/urls.txt",
        "n_sites": demo.n_sites,
        "n_sets": demo.n_sets,
        "seed": demo.seed,
    }
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def _robots(texts: Sequence[str]) -> str | dict[int, str]:
    """Read ``KIND`` for all sites, or ``SITE:KIND`` for one each."""
    numbered = {
        int(left): right
        for left, colon, right in (text.partition(":") for text in texts)
        if colon and left.isdigit()
    }
    plain = [text for text in texts if not text.partition(":")[0].isdigit() or ":" not in text]
    if numbered:
        return numbered
    return plain[-1] if plain else "allow"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tlray.demo",
        description="Serve invented DJ sets in the real markup, on loopback addresses 127.0.0.1, .2, .3 …",
        epilog="faults: "
        + "; ".join(f"{name}: {about.does}" for name, about in CATALOGUE.items()).replace("%", "%%"),
    )
    add = parser.add_argument
    add("--sites", type=int, default=3, help="how many sites")
    add("--sets", type=int, default=120, help="how many sets in all")
    add("--seed", type=int, default=1, help="another seed, another world")
    add("--port", type=int, default=0, help="one port for all sites; 0: a free one")
    add("--faults", default="", help="NAME[@VALUE][:TIMES]=SHARE,… or a bare share of a mixture")
    add("--robots", action="append", default=[], help="what robots.txt says: KIND, or SITE:KIND (repeatable)")
    add("--rate", type=float, help="answer 429 to a client that is faster than this, per second and site")
    add("--burst", type=float, default=1.0, help="how many at once the rate allows")
    add("--slack", type=float, default=0.0, help="seconds too early that the rate still allows")
    add("--block", action="append", default=[], help="KIND:AFTER:SECONDS: block a site after so many pages")
    add("--latency", default="0", help="seconds that every page takes: 0.05, or 0.02-0.3")
    add("--log", type=Path, help="a JSONL file of all arrivals")
    add("--cache-mb", type=int, default=256, help="how much of compressed pages to keep")
    add("--warm", action="store_true", help="make all pages before saying that it is ready")
    add("--until-stdin-closes", action="store_true", help="stop when the parent closes stdin, or dies")
    add("--static", type=Path, help="write the pages into this folder for another web server, and leave")
    add(
        "--base",
        action="append",
        help="with --static: what its URLs begin with; one for each site (repeatable)",
    )
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
