"""What may a user choose about an export? One record for all formats; each reads what concerns it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from tlray.errors import UsageError
from tlray.model import CuePrecision

MAX_MEDIA_BYTES = 1000
"""Beyond that, FILE could not stand within the first 2,048 bytes of a sheet."""


class Over99(StrEnum):
    """What a CUE sheet does with more than 99 tracks, of which libcue 2.2 loses all that follow."""

    SPLIT = "split"
    """Several sheets of at most 99 tracks, all of the same recording and with its times."""
    MERGE = "merge"
    """One sheet: tracks that follow most closely on the one before join its title."""
    ALLOW = "allow"
    """One sheet with TRACK 100 and on: VLC, mpv, MPD and Kodi read it, libcue does not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """A user's choices; the defaults are what most programs read."""

    bom: bool = False
    """cue, csv: begin with a UTF-8 byte order mark. Excel wants one in CSV; VLC fails on one in CUE."""
    media: str | None = None
    """cue: the audio file's name, as it stands in FILE; None makes one of the set's title and ``.mp3``."""
    over_99: Over99 = Over99.SPLIT
    """cue: what becomes of more than 99 tracks."""
    strict: bool = False
    """cue: cut TITLE and PERFORMER at the 80 characters of the specification."""
    cue_precision: tuple[CuePrecision, ...] = ()
    """cue: take cues of these precisions as if they were exact; those that are exact to the second always count."""

    def __post_init__(self) -> None:
        if self.media is not None and not 0 < len(self.media.encode("utf-8", "replace")) <= MAX_MEDIA_BYTES:
            raise UsageError(
                f"the media file's name must have 1 to {MAX_MEDIA_BYTES} bytes: {self.media[:40]!r}"
            )


DEFAULTS = Options()
