"""``python -m benchmarks.chaos [--items N] [--kills N] [--seed N] [--rate N] [--peers N] [--no-write]``: kill real processes.

``python -m benchmarks.chaos simulated [--seeds FROM TO] [--seed N]``: random stories in virtual time (`tests/shared/simulated`).
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from benchmarks.chaos import report
from benchmarks.chaos.peers import PEERS, treat
from benchmarks.chaos.run import ChaosResult, ChaosRun
from benchmarks.chaos.site import serve
from tests.shared.simulated import __main__ as simulated


def main() -> int:
    """Kill ours and the others', print what came of it; 3 where tlray lost or doubled anything, or broke a rate."""
    if sys.argv[1:2] == ["simulated"]:
        return simulated.main(sys.argv[2:])
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.chaos", description="Kill it, and count what is left."
    )
    parser.add_argument("--items", type=int, default=10_000, help="of tlray's own run, on three nodes")
    parser.add_argument("--kills", type=int, default=60, help="of that run")
    parser.add_argument("--seed", type=int, default=1, help="another seed, another plan of kills")
    parser.add_argument("--rate", type=float, default=15.0, help="fetches a second of each of three sites")
    parser.add_argument(
        "--peers", type=int, default=1_500, help="URLs of everybody's crawl; 0: leave the peers out"
    )
    parser.add_argument("--no-write", action="store_true", help="leave docs/reliability.md as it is")
    options = parser.parse_args()
    command = f'make chaos ARGS="--items {options.items} --kills {options.kills} --seed {options.seed}"'
    with tempfile.TemporaryDirectory(prefix="tlray-chaos-", ignore_cleanup_errors=True) as folder:
        os.environ["HOME"] = folder
        with serve(options.items, 3) as site:
            result = ChaosRun(
                Path(folder), site, n_kills=options.kills, seed=options.seed, rate=options.rate
            ).go()
        text = report.of_run(result, command)
        print(text, flush=True)
        if not options.no_write:
            report.write("chaos", text, report.figures_of(result))
        if options.peers:
            treated = [
                treat(peer, Path(folder) / str(number), options.peers) for number, peer in enumerate(PEERS)
            ]
            text = report.of_peers(treated)
            print(text, flush=True)
            if not options.no_write:
                report.write("peers", text, [asdict(one) for one in treated])
    return 0 if _is_right(result) else 3


def _is_right(result: ChaosResult) -> bool:
    is_counted = not (result.missing or result.twice or result.unexpected or result.wrong_audits)
    holds_rates = all(excess <= 0 for excess in result.above_rate.values())
    return is_counted and holds_rates and bool(result.audit.get("is_right")) and not result.ended_by_itself


if __name__ == "__main__":
    raise SystemExit(main())
