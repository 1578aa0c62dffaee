"""Which pages are measured? The demo's, of real size; the real ones, where they lie beside the repository."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tlray.demo.static import write_static

SHARED = Path(__file__).resolve().parents[2] / "shared"
REAL = SHARED / "pages" / "1001tracklists"
URLS = SHARED / "urls"


def kinds(n_demo: int = 100) -> dict[str, list[bytes]]:
    """Return the gzipped pages by kind; ``real`` is left out where there are none."""
    made = {"demo": demo_pages(n_demo)}
    if real := real_pages():
        made["real"] = real
    return made


def real_pages() -> list[bytes]:
    """Return the real set pages, gzipped; none where they are absent."""
    return [path.read_bytes() for path in sorted(REAL.glob("set-*.html.gz"))]


def demo_pages(n: int, seed: int = 7) -> list[bytes]:
    """Return pages of the demo site, gzipped as it sends them."""
    with tempfile.TemporaryDirectory() as folder:
        write_static(folder, n, seed=seed)
        return [path.read_bytes() for path in sorted(Path(folder).glob("tracklist/*/*.gz"))]
