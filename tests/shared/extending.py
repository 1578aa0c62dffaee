"""The package that docs/extending.md builds, written and installed from that page."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "extending.md"
SHOW = b'<html><body class="pier-show"><h2>Show 9</h2><ol><li>Oto - Tide<li>Mira - Ebb</ol></body></html>'


def install(folder: Path) -> Path:
    """Write the page's files, install them as pip does, without a network; return the folder for ``PYTHONPATH``."""
    package, target = folder / "tlray-pier", folder / "installed"
    package.mkdir()
    files = re.findall(
        r"^`([\w.]+)`\n\n```\w+\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    assert [name for name, _ in files] == ["pyproject.toml", "pier_site.py", "pier_lines.py"]
    for name, text in files:
        (package / name).write_text(text, encoding="utf-8")
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-build-isolation", "--no-index",
         "--disable-pip-version-check", "--target", str(target), str(package)],
        check=True, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    return target
