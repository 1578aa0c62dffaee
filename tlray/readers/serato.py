"""Serato: session files, the CSV that its history exports, and saved pages of playlists."""

from __future__ import annotations

from tlray.model import ParsedPage
from tlray.readers import serato_page
from tlray.readers.assembly import file_set, page_of, unknown
from tlray.readers.clock_times import epoch_moment
from tlray.readers.columns import length_s
from tlray.readers.decoding import NoTextError, decode_text, head_text
from tlray.readers.interface import SourceFile
from tlray.readers.made import plural
from tlray.readers.play_log import DATE_UTC, Play, set_times
from tlray.readers.serato_csv import header_of, read_csv
from tlray.readers.serato_session import (
    ARTIST,
    END,
    GENRE,
    LABEL,
    LENGTH,
    PLAYED,
    PLAYTIME,
    START,
    TITLE,
    SessionRow,
    is_session,
    rows_of,
)  # fmt: skip
from tlray.sites.fields import make_track, named

MAX_BYTES = 64 * 2**20


class SeratoReader:
    """Reads histories of Serato DJ."""

    kind = "serato"
    version = "serato/1"

    def recognises(self, head: bytes, name: str) -> bool:
        """True if it begins as a session does, has the header of the export, or the element of a playlist."""
        del name
        if head.startswith(b"vrsn"):
            return is_session(head)
        text = head_text(head)
        return serato_page.MARK in text or header_of(text) is not None

    def read(self, file: SourceFile) -> ParsedPage:
        """Read a session, or all of an export."""
        if len(file.body) > MAX_BYTES:
            return unknown("too large for a history")
        if file.body.startswith(b"vrsn"):
            return self._session(file)
        try:
            text, issues = decode_text(file.body, file.encoding)
        except NoTextError as error:
            return unknown(str(error))
        known = {"site": "serato", "parser": self.version, "quality_issues": issues}
        if serato_page.MARK in text:
            made = serato_page.read_page(file, known)
            return page_of(file, [made] if made else [], "no row in the playlist")
        return page_of(
            file,
            read_csv(file, text, known),
            "no row of a history" if header_of(text) else "no header of Serato's history",
        )

    def _session(self, file: SourceFile) -> ParsedPage:
        rows, is_cut = rows_of(file.body)
        played = [row for row in rows if row.whole(PLAYED) != 0]
        if not played:
            return unknown("no track was played in the session" if rows else "no row in the session")
        plays = [_play(row) for row in played]
        if all(play.at for play in plays):
            plays.sort(key=lambda play: play.at.timestamp() if play.at else 0.0)
        for index, play in enumerate(plays, 1):
            play.track.index = play.track.number = index
        issues = ["cut off within a row"] if is_cut else []
        if len(played) < len(rows):
            issues.append(f"{plural(len(rows) - len(played), 'row')} preheard")
        issues += set_times(plays)
        first = next((play.at for play in plays if play.at), None)
        if first and file.zone is None:
            issues.append(DATE_UTC)
        made = file_set(
            file,
            [play.track for play in plays],
            site="serato",
            parser=self.version,
            media_type="application/x-serato-session",
            date=first and first.astimezone(file.zone or first.tzinfo).date(),
            quality_issues=issues,
        )
        return page_of(file, [made], "no row in the session")


def _play(row: SessionRow) -> Play:
    track = make_track(
        1,
        *named(row.text(ARTIST), row.text(TITLE)),
        label=row.text(LABEL),
        genre=row.text(GENRE),
        duration_s=length_s(row.text(LENGTH)),
    )
    start, end, playtime = row.whole(START), row.whole(END), row.whole(PLAYTIME)
    lasted = playtime or (end - start if start and end and end > start else None)
    return Play(track, epoch_moment(start or 0), lasted_s=float(lasted) if lasted and lasted < 1e6 else None)
