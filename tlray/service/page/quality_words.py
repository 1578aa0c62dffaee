"""The issues of a set's quality in words, each with what can be done about it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from tlray.core.model.quality import issue_name

AS_THE_SOURCE: Final = "Shown as the source has it; nothing is guessed."
FETCH_LATER: Final = "Often filled in later: fetch the set again after some time."
COMPARE: Final = "Compare with the source's page before you use it."
WORDS: Final = {
    "decoy_suspected": "some rows contradict their own links",
    "incomplete": "the source says that the list is incomplete",
    "gap": "tracks are missing between the rows",
    "encoding_guessed": "nothing says the encoding of the file",
    "date_year_only": "only the year is known",
    "date_ambiguous": "day and month may be the other way round",
    "date_utc": "the day is that of UTC",
    "clock_times": "times of day, which give no start times",
    "local_time": "times of an unknown time zone",
    "names_from_files": "names known only from file names",
    "hours_guessed": "times read as hours, minutes and seconds",
    "hundredths_guessed": "frames read as hundredths",
    "bad_time": "a time that is none",
    "xml_repaired": "the file was not well-formed",
    "columns_guessed": "columns told by their content",
    "order_uncertain": "artist and title may be the other way round",
    "guessed": "the writer was not sure of a title",
    "cue_minutes": "times in minutes",
    "cue_clock": "times of day, which give no start times",
    "cue_end_times": "times are the ends of tracks",
    "cue_order": "times that fall",
    "repeat": "a repeat of an earlier broadcast",
}
"""Issues whose name is no English."""
ADVICE: Final = {
    "not identified": FETCH_LATER,
    "no start times": FETCH_LATER,
    "without a start time": FETCH_LATER,
    "rows are there twice": COMPARE,
    "start times out of order": f"{AS_THE_SOURCE} {COMPARE}",
    "start times past the end": f"{AS_THE_SOURCE} The length or the times are of another recording.",
    "start times to the minute": "A CUE sheet leaves them out unless it is asked for them (--cue-precision minute).",
    "no DJ named": AS_THE_SOURCE,
    "no date": AS_THE_SOURCE,
    "decoy_suspected": "The site may have sent made-up rows. Do not rely on them; leave the site alone for a day, then fetch the "
    "set again.",
    "incomplete": FETCH_LATER,
    "gap": FETCH_LATER,
    "encoding_guessed": "If letters look wrong, save the file as UTF-8 and import it again.",
    "unreadable characters": "The page has bytes outside its encoding. If a name looks wrong, see the source's page.",
    "order_uncertain": COMPARE,
    "columns_guessed": COMPARE,
    "names_from_files": COMPARE,
    "date_ambiguous": COMPARE,
    "date_year_only": COMPARE,
}
"""Issue without its numbers → what to do."""
ELSEWHERE: Final = frozenset(
    {"not identified", "no start times", "without a start time", "no DJ named", "no date", "gap"}
)
"""Issues that another source of the same performance may mend."""
BY_MERGING: Final = "Another site has this set: merge the sources."


class Issue(NamedTuple):
    """An issue as it is shown."""

    text: str
    advice: str


def issues_of(found: Sequence[str], *, has_others: bool) -> list[Issue]:
    """Return the issues of a set; ``has_others``: it is not merged with the sets of other sites that there are."""
    issues = []
    for text in found:
        name = issue_name(text)
        advice = BY_MERGING if has_others and name in ELSEWHERE else ADVICE.get(name, "")
        issues.append(Issue(WORDS.get(text, text), advice))
    return issues
