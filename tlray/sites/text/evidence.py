"""Evidence for and against a run of lines being a list of tracks. In doubt it is none."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tlray.model import Track
from tlray.sites.text.blocks import Run
from tlray.sites.text.lines import MAX_TRACK_CHARS, Line
from tlray.sites.text.names import is_unknown
from tlray.sites.text.rows import Reading
from tlray.sites.text.separators import Separator
from tlray.sites.text.wording import is_plain_head

_MUSIC = re.compile(
    r"[(\[][^()\[\]]*\b(?:(?:re)?mix|rmx|edit|dub|rework|bootleg|vip|feat|ft|acapella|instrumental|original|"
    r"extended)\b|\s(?:feat|ft|vs)\.?\s|\bremix\b",
    re.IGNORECASE,
)
_CODE = re.compile(
    r"[{}`\\<>$^]|\(\)|[\w)]\(\w+[,)]\S|::|&&|[!=<>]=|->|;$|\w_\w+_?\w*\(|\b\w+_\w+_\w+\b|^[#/*]{1,2}\w|"
    r"\S@\w+\.\w|\w/\w+/\w|--\w|\b0x|\.(?:py|js|c|h|md|html?|json|so|exe|dll|"
    r"cfg|conf|xml|ya?ml|sh|java|css|cpp)\b|\w\.\w+\(|^\[?[0-9a-f]{7,40}\b|\b[a-z]+[A-Z][a-z]+[A-Z]\w*|^\"|"
    r"\"[,:]|#\d{2,}|\w\[['\"_]|\b(?:None|self|def|import|return|const|int|str)\b|✔"
)
_SOFTWARE = re.compile(
    r"\b(?:maintainers?|authors?|contributors?|developers?|translat\w+|documentation|docs?|bugs?|fix(?:es|"
    r"ed)?|implement\w*|code|tests?|api|errors?|default|options?|files?|functions?|"
    r"returns?|values?|strings?|integers?|boolean|null|true|false|class|method|module|package|install\w*|"
    r"build|server|client|user|users|data|config\w*|settings?|version \d|"
    r"parameters?|arguments?|command|output|input|support(?:s|ed)?|update[sd]?|release[sd]?|copyright|"
    r"license[sd]?|library|directory|enable[sd]?|disable[sd]?|specif\w+|e\.g\.|i\.e\.)\b",
    re.IGNORECASE,
)
_DATES = re.compile(
    r"\b(?:jan|feb|mar|apr|may|jun|jul|aug|sept?|oct|nov|dec)[a-z]{0,6}\.?\s+\d{1,2}\b|"
    r"\b\d{1,2}\.?\s+(?:jan|feb|mar|apr|may|jun|jul|aug|"
    r"sept?|oct|nov|dec)[a-z]{0,6}\b|\b\d{1,2}[./-]\d{1,2}[./-](?:\d{4}|\d{2})?\b|^\d{1,2}\.\d{1,2}\.?\s|"
    r"\b(?:19|20)\d\d([-/.])\d{1,2}\1\d{1,2}\b|\b\d{1,2}/\d{1,2}\b|\b\d{1,2}(?:st|nd|rd|th)\b|"
    r"^(?:mon|tue|wed|thu|fri|sat|sun)[a-z]{0,6}\b",
    re.IGNORECASE,
)
_TALK = re.compile(
    r"\b(?:introduction|interview|q\s?&\s?a|questions?|answers?|discuss\w*|sponsors?|how to|what is|tips?|"
    r"review|explained|overview|chapter|"
    r"episode|news|topics?|conclusion|summary|guests?|listeners?|welcome|thoughts|why we|what we|about)\b",
    re.IGNORECASE,
)
_SCORE = re.compile(r"(?<![\d:.])\d{1,3}(?:[-–]\d{1,3}|[ ]?:[ ]?\d)$")
_OTHER_LISTS = re.compile(
    r"\b(?:(?:reading|book|shopping|grocery|packing|guest|price|wish)\s?list|ingredients|recipes?|bibliography|references|quotes|"
    r"quotations|to-?dos?|results|standings|fixtures|agenda|timetable|glossary)\b",
    re.IGNORECASE,
)
_OTHER_HEADINGS = re.compile(
    r"^\W*(?:(?:the|our|my|best|top|favou?rite|all|list|of)\s+)*(?:\d+\s+)?(?:speakers?|team|staff|members|movies|films|menu|albums|books|"
    r"countries|capitals|contacts|sponsors|exhibitors|vocabulary|participants|winners|nominees|series|games)\W*"
    r"(?:(?:of|in|from)\s+)?(?:\d{4})?\W*$",
    re.IGNORECASE,
)
_MIN_BARE = 6
_MIN_PLAIN = 10
_MIN_COUNTED = 8
_MIN_BARE_WITH_MUSIC = 4


def why_not(lines: Sequence[Line], run: Run, reading: Reading) -> str | None:
    """Return why a run is no list of tracks; None if it is one."""
    n = len(reading.tracks)
    has_head = run.head is not None
    if n < (2 if has_head and run.is_strong else 3):
        return f"{n} lines that look like tracks: too few to be a list"
    return _why_no_names(run, reading) or _why_no_music(lines, run, reading)


def _why_no_names(run: Run, reading: Reading) -> str | None:
    n = len(reading.tracks)
    long = sum(
        len(words := track.text.split()) > 20 or (track.text.endswith((".", ":")) and len(words) > 7)
        for track in reading.tracks
    )
    if long * 3 > n:
        return "lines of prose"
    named = reading.n_named / n
    if named < (0.3 if run.head is not None else 0.5):
        return "times without artist and title" if _is_timed(reading) else "no artist and title in most lines"
    return None


def _why_no_music(lines: Sequence[Line], run: Run, reading: Reading) -> str | None:  # noqa: PLR0911 - a list of rules
    """Judge what the lines are about: a heading, times or versions speak for music, code and words of software against."""
    tracks = reading.tracks
    n = len(tracks)
    announced = run.head is not None and is_plain_head(lines[run.head].raw)
    strange = sum(bool(_CODE.search(track.text[:MAX_TRACK_CHARS])) for track in tracks)
    if strange * (3 if announced else 8) > n:
        return "lines of code or markup"
    if announced:
        return None
    if _is_timetable(run, lines):
        return "a timetable"
    if sum(bool(_SCORE.search(track.text)) for track in tracks) * 2 > n:
        return "results of games"
    music = _sounds_like_music(tracks)
    if not music and _is_below_another_heading(run, lines):
        return "lines about something else than music"
    software = sum(bool(_SOFTWARE.search(track.text)) for track in tracks)
    if software > 1 and software * (4 if music else 7) > n and not (_is_timed(reading) and music):
        return "lines about something else than music"
    if not music and sum(bool(_DATES.search(track.text)) for track in tracks) * 3 > n:
        return "a list of dates"
    talk = sum(bool(_TALK.search(track.text)) for track in tracks)
    if not music and talk > 1 and talk * 5 > n:
        return "chapters of a talk"
    if _is_timed(reading):
        return None if music or reading.n_named * 5 >= n * 3 else "times without artist and title"
    if not run.is_strong and n < (_MIN_BARE_WITH_MUSIC if music else _MIN_BARE) and run.head is None:
        return f"{n} lines that may be tracks, without number, time or heading: too few to be certain"
    if not music and not run.is_strong and run.head is None and reading.separator is not Separator.DASH:
        return "pairs of words, without number, time or heading"
    many = run.is_strong and n >= _MIN_COUNTED and reading.n_named * 5 >= n * 4
    return (
        None if music or many or _look_like_names(tracks) else "lines that are no names of artists and tracks"
    )


def _is_below_another_heading(run: Run, lines: Sequence[Line]) -> bool:
    """True if the last line of text above the rows is a heading of other things."""
    above = next((line.raw for line in reversed(lines[: run.rows[0]]) if line.body), "")
    return len(above.split()) <= 5 and bool(_OTHER_LISTS.search(above) or _OTHER_HEADINGS.match(above))


def _is_timed(reading: Reading) -> bool:
    """True if most rows have a time that means something."""
    return sum(
        track.cue_s is not None or track.duration_s is not None for track in reading.tracks
    ) * 2 >= len(reading.tracks)


def _sounds_like_music(tracks: Sequence[Track]) -> bool:
    hits = sum(bool(_MUSIC.search(track.text)) or is_unknown(track.text) for track in tracks)
    return hits >= 2 and hits * 8 >= len(tracks)


def _look_like_names(tracks: Sequence[Track]) -> bool:
    """True if nearly all rows are two short names that begin with a capital letter; in a long list all, with or without."""
    short = sum(
        bool(track.artist) and len(track.artist.split()) <= 8 and len(track.title.split()) <= 8
        for track in tracks
    )
    if (
        len(tracks) >= _MIN_PLAIN
        and short == len(tracks)
        and not any(_SOFTWARE.search(track.text) for track in tracks)
    ):
        return True
    tracks = [track for track in tracks if track.artist]
    good = sum(
        len(track.artist.split()) <= 7
        and len(track.title.split()) <= 8
        and not track.artist[:1].islower()
        and not track.title[:1].islower()
        and not track.text.endswith((".", ";", ":", ","))
        for track in tracks
    )
    return good * 10 >= len(tracks) * 8


def _is_timetable(run: Run, lines: Sequence[Line]) -> bool:
    times = [lead for at in run.rows if (lead := lines[at].lead) and lead.parts]
    late = bool(times) and len(times[0].parts) == 2 and 6 <= times[0].parts[0] <= 23
    return late and all(len(cue.parts) == 2 and cue.parts[0] <= 23 and cue.parts[1] % 5 == 0 for cue in times)
