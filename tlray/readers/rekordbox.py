"""rekordbox: playlists and histories as ``.txt``, ``.m3u8`` and ``.xml``. Its recordings' ``.cue`` is read by `cue`."""

from __future__ import annotations

from tlray.model import ParsedPage
from tlray.readers.assembly import page_of, stem_of, unknown
from tlray.readers.decoding import NoTextError, decode_text, head_text
from tlray.readers.interface import SourceFile
from tlray.readers.m3u import is_m3u, why_no_tracks
from tlray.readers.rekordbox_list import history_day, is_table, read_m3u8, read_table
from tlray.readers.rekordbox_xml import read_xml
from tlray.readers.sniff import first_element
from tlray.readers.xml_tree import BadXmlError, local, parse_xml

MAX_BYTES = 64 * 2**20
_ROOT = "dj_playlists"


class RekordboxReader:
    """Reads exports of rekordbox."""

    kind = "rekordbox"
    version = "rekordbox/1"

    def recognises(self, head: bytes, name: str) -> bool:
        """True if it is rekordbox's XML, a table with its columns, or an M3U8 list that is not VirtualDJ's."""
        text = head_text(head)
        if first_element(text) == _ROOT or is_table(text):
            return True
        return name.lower().endswith(".m3u8") and is_m3u(text) and "#EXTVDJ:" not in text

    def read(self, file: SourceFile) -> ParsedPage:
        """Read a list as one set, and every playlist of an XML file as one."""
        if len(file.body) > MAX_BYTES:
            return unknown("too large for a playlist")
        try:
            return self._xml(file) if first_element(head_text(file.head)) == _ROOT else self._text(file)
        except (BadXmlError, NoTextError) as error:
            return unknown(str(error))

    def _xml(self, file: SourceFile) -> ParsedPage:
        tree = parse_xml(file.body, file.encoding)
        if local(tree.root).lower() != _ROOT:
            return unknown("not XML of rekordbox")
        known = {"site": "rekordbox", "parser": self.version, "quality_issues": tree.issues}
        return page_of(file, read_xml(file, tree.root, known), "a collection without playlists")

    def _text(self, file: SourceFile) -> ParsedPage:
        text, issues = decode_text(file.body, file.encoding)
        known = {
            "site": "rekordbox",
            "parser": self.version,
            "quality_issues": issues,
            "date": history_day(stem_of(file.name)),
        }
        if is_m3u(text):
            if reason := why_no_tracks(text):
                return unknown(reason)
            return page_of(file, read_m3u8(file, text, known), "no row in the list")
        if is_table(text):
            return page_of(file, read_table(file, text, known), "no row in the table")
        return unknown("not of rekordbox: no table of tracks, no M3U, no XML")
