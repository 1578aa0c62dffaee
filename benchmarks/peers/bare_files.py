"""The bare loop over files: one process, lexbor, every field, one JSON lines file at the end.

``python -m benchmarks.peers.bare_files PATHS OUT`` prints one JSON line: what it cost, without start-up.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import orjson

from benchmarks.peers.bare_fields import extract
from tlray.io.process.malloc import keep_freed_memory


def main() -> None:
    """Run once."""
    keep_freed_memory()
    paths = Path(sys.argv[1]).read_text(encoding="utf-8").splitlines()
    begun, cpu = time.perf_counter(), time.process_time()
    lines, n_tracks = [], 0
    for path in paths:
        made = extract(Path(path).read_bytes(), f"https://www.1001tracklists.com/tracklist/x/{len(lines)}")
        n_tracks += made["track_count"]
        lines.append(orjson.dumps(made))
    Path(sys.argv[2]).write_bytes(b"\n".join(lines))
    cost = {"cpu_s": time.process_time() - cpu, "wall_s": time.perf_counter() - begun}
    print(json.dumps({**cost, "pages": len(lines), "tracks": n_tracks}))


if __name__ == "__main__":
    main()
