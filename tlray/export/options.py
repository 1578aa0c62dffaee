"""Options of the shipped formats."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from tlray.errors import UsageError
from tlray.model import CuePrecision

MAX_MEDIA_BYTES = 1000
"""With a longer name, FILE could not stand within the first 2,048 bytes of a sheet."""


class Over99(StrEnum):
    """What a CUE sheet does with more than 99 tracks, of which libcue 2.2 loses all that follow."""

    SPLIT = "split"
    """Several sheets of at most 99 tracks, all of the same recording and with its times."""
    MERGE = "merge"
    """One sheet: tracks that follow most closely on the one before join its title."""
    ALLOW = "allow"
    """One sheet with TRACK 100 and on: VLC, mpv, MPD and Kodi read it, libcue does not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CsvOptions:
    """A user's choices for CSV."""

    bom: bool = field(default=False, metadata={"about": "begin with a byte order mark, for Excel"})


class CueProfile(StrEnum):
    """The readers that a CUE sheet is written for."""

    PLAYERS = "players"
    """Programs that play a recording by the sheet."""
    MIXCLOUD = "mixcloud"
    """Sites that take a tracklist from the sheet of an upload: one sheet, of true tracks only, no REM."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChapterOptions:
    """A user's choices for chapters."""

    cue_precision: tuple[CuePrecision, ...] = field(
        default=(), metadata={"about": "take cues of these precisions too, not only exact ones"}
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayerOptions(ChapterOptions):
    """A user's choices for files that a player opens instead of the recording."""

    media: str | None = field(
        default=None, metadata={"about": "the audio file's name; without one, the set's title and .mp3"}
    )

    def __post_init__(self) -> None:
        if self.media is not None and not 0 < len(self.media.encode("utf-8", "replace")) <= MAX_MEDIA_BYTES:
            raise UsageError(
                f"the media file's name must have 1 to {MAX_MEDIA_BYTES} bytes: {self.media[:40]!r}"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class CueOptions(PlayerOptions):
    """A user's choices for CUE sheets; the defaults are what most programs read."""

    bom: bool = field(
        default=False,
        metadata={"about": "begin with a byte order mark, for old players; VLC fails on one"},
    )
    over_99: Over99 = field(default=Over99.SPLIT, metadata={"about": "what to do with more than 99 tracks"})
    strict: bool = field(
        default=False, metadata={"about": "at most 80 characters in a value, as the specification says"}
    )
    profile: CueProfile = field(
        default=CueProfile.PLAYERS,
        metadata={"about": "players, or mixcloud: one sheet of true tracks only, without REM, for an upload"},
    )
