"""An audio file of silence, which players of other users may read too: VLC does not run as root."""

from __future__ import annotations

import subprocess
from pathlib import Path

MEDIA = "silence.mp3"
MEDIA_S = 130 * 60


def make_silence(folder: Path) -> None:
    """Write it into a folder; ffmpeg must be there."""
    silence = ["-f", "lavfi", "-i", "anullsrc=r=8000:cl=mono", "-t", str(MEDIA_S), "-b:a", "8k"]
    subprocess.run(["ffmpeg", "-v", "error", *silence, folder / MEDIA], check=True)
