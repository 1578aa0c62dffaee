"""The words of the page: numbers, rates, durations, URLs, hostile text, sentences of a batch.

`tests/page` holds the script to the same tables.
"""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from markupsafe import Markup
from page_words import DURATIONS, PATHS, RATES, URLS

from tlray.core.model.lifecycle import BatchState, ItemState
from tlray.core.model.outcome import OutcomeKind
from tlray.core.model.receipts import BatchOrigin, DeadGroupRecord, DeadSample
from tlray.service.page import batch_words, text, words
from tlray.service.page.batch_words import Facts
from tlray.service.page.estimate import Estimate, estimate_of
from tlray.service.page.problem_pages import is_own_path
from tlray.service.page.static_files import contents


def test_rates_and_durations_are_read_as_people_say_them() -> None:
    assert {rate: text.rate(rate) for rate in RATES} == RATES
    assert {seconds: text.duration(seconds) for seconds in DURATIONS} == DURATIONS
    assert (text.rate(None), text.duration(None), text.number(1_000_000)) == ("no ceiling", "–", "1,000,000")


def test_a_share_is_never_whole_before_the_end() -> None:
    assert text.percent(999_999, 1_000_000) == "99 %"
    assert (text.percent(1, 1_000), text.percent(0, 9), text.percent(9, 9)) == ("<1 %", "0 %", "100 %")


def test_a_url_is_cut_in_its_middle_and_stays_whole() -> None:
    for url, parts in URLS.items():
        assert text.url_parts(url) == parts
        assert "".join(parts) == url.split("//")[1].removeprefix("www.")


def test_the_end_of_a_path_begins_between_two_words() -> None:
    assert {path: text.cut_path(path) for path in PATHS} == PATHS
    assert all("".join(parts) == path for path, parts in PATHS.items())


@pytest.mark.parametrize("mark", ["\u202e", "\u2066", "\x07", "\x9b", "\u2028", "\ufeff", "\u200f"])
def test_marks_that_move_text_are_shown(mark: str) -> None:
    assert f"U+{ord(mark):04X}" in text.safe(f"a{mark}b")
    assert mark not in text.safe(f"a{mark}b")
    assert text.plain(f"a{mark}b") == "a□b"


def test_lines_stay_lines_in_a_text_of_several() -> None:
    assert text.safe_lines("a\r\n\tb<i>\n") == "a\n    b&lt;i&gt;\n"
    assert "□" in text.safe_lines("a\n\x07\u2028b")


def test_markup_is_escaped_even_where_it_was_marked_safe_by_somebody_else() -> None:
    assert text.safe("<b>&") == "&lt;b&gt;&amp;"
    assert isinstance(text.safe("x"), Markup)


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "data:text/html,x", "//evil", "ftp://a", "http://[", "", None]
)
def test_only_the_web_is_linked(address: str | None) -> None:
    assert "<a " not in text.link(address, "x")


def test_a_link_to_the_web_tells_it_nothing() -> None:
    assert 'rel="noopener noreferrer"' in text.link("https://a.org/?a=1&b=2", "x")


@pytest.mark.parametrize("path", ["batches", "batches/b1?state=dead&q=a:b", ""])
def test_a_path_of_ours_is_one(path: str) -> None:
    assert is_own_path(path)


def test_every_state_and_kind_has_words() -> None:
    for state in (*ItemState, *BatchState):
        assert state.value in words.GLYPHS
        assert state.value in words.TONES
    assert set(OutcomeKind) <= set(words.KIND_WORDS)
    assert words.kind_words("no-such-kind") == "no-such-kind"
    assert words.advice("no-such-kind")


def test_the_panel_has_the_words_of_every_kind() -> None:
    panel = contents()["panel.js"].decode()
    for kind, said in words.KIND_WORDS.items():
        assert re.search(rf'"?{kind.value}"?: {re.escape(json.dumps(said))}', panel), kind


def test_words_begin_a_sentence_and_names_of_files_do_not_change() -> None:
    assert words.sentence("the answer is no HTTP") == "The answer is no HTTP"
    assert words.sentence("robots.txt forbids it") == "robots.txt forbids it"


def test_a_day_has_its_year_where_it_is_another_one() -> None:
    assert ">Sun 01 Nov, 12:00</time>" in text.moment(1_793_534_400.0, 1_795_000_000.0, day=True)
    assert ">Sat 01 Nov 2025, 12:00</time>" in text.moment(1_761_998_400.0, 1_795_000_000.0, day=True)
    assert text.day("2026-05-05") == "5 May 2026"


def test_backticks_are_code_and_nothing_else_is_markup() -> None:
    assert text.ticked("`a<b`: <i>") == "<code>a&lt;b</code>: &lt;i&gt;"


def test_style_sheets_are_served_without_what_a_browser_does_not_need() -> None:
    served = contents()["page.css"].decode()
    assert "; " not in served
    assert " {" not in served
    assert "@media (max-width:760px){" in served


def status(state: str, **more: object) -> dict[str, object]:
    counts = {"queued": 0, "waiting": 0, "leased": 0, "succeeded": 0, "dead": 0, "skipped": 0, "cancelled": 0}
    given: dict[str, object] = {
        "state": state, "trouble": None, "counts": counts, "domains": {}, "parked": {}, "elapsed_s": 3_840.0, "tracks": 21_406,
        "starts_at": 5.0, "batch_id": "b",
    }  # fmt: skip
    return {**given, **more, "counts": {**counts, **more.get("counts", {})}}  # type: ignore[dict-item]


GIVEN_UP = "a.org was given up: blocked 5 times in a row. Leave it alone for a day, then retry."
SENTENCES = [
    (status("running"), []),
    (
        status("paused", counts={"leased": 8}),
        ["Paused. What is in flight (8 pages) still finishes; nothing new begins."],
    ),
    (status("paused"), ["Paused. Nothing new begins."]),
    (status("cancelling"), ["This batch is being cancelled and cannot be resumed."]),
    (
        status("cancelled", counts={"succeeded": 312, "cancelled": 1}),
        ["Cancelled. What was fetched is kept: 312 sets. Not fetched: 1 item."],
    ),
    (status("scheduled"), ["It starts"]),
    (
        status("completed", counts={"succeeded": 998, "dead": 2}),
        ["Done in 1 h 04 min: 998 sets, 21,406 tracks, 2 dead letters."],
    ),
    (status("completed", counts={"dead": 1}), ["Finished without a set: 1 dead letter."]),
    (
        status("running", domains={"a.org": {"open": 69, "cooling_until": 9.0, "reason": "throttled: 429"}}),
        ["a.org rests: too many requests (429). Its 69 items go on by themselves"],
    ),
    (
        status("running", domains={f"{i}.org": {"open": 1, "cooling_until": 9.0 + i} for i in range(4)}),
        ["All 4 sites of this batch rest. The first goes on"],
    ),
    (
        status(
            "running",
            domains={"on.org": {"open": 1}}
            | {f"{i}.org": {"open": 1, "cooling_until": 9.0 + i} for i in range(4)},
        ),
        ["4 sites of this batch rest. The first goes on"],
    ),
    (
        status("completed", parked={"a.org": "parked: blocked 5 times in a row"}, counts={"succeeded": 1}),
        [
            "Done in 1 h 04 min: 1 set, 21,406 tracks.",
            GIVEN_UP,
        ],
    ),
    (status("running", trouble="the disk is full"), ["Nothing goes on: the disk is full"]),
]


@pytest.mark.parametrize(("stands", "sentences"), SENTENCES)
def test_a_batch_says_how_it_stands(stands: dict[str, object], sentences: list[str]) -> None:
    assert [note.text for note in batch_words.notes(Facts(stands))] == sentences  # type: ignore[arg-type]


ORIGIN: BatchOrigin = {
    "owner": "ada", "created_at": 1.0, "finished_at": 9.0, "not_before": None, "fresh_for_s": 0.0, "keeps_pages": True,
    "max_attempts": 5, "webhook": None, "email": None, "paused_by": "ada", "paused_at": 7.0, "half_way": None,
}  # fmt: skip


def facts(stands: dict[str, object], **more: Any) -> Facts:
    return Facts(stands, **more)  # type: ignore[arg-type]


def group(kind: str, n: int, domain: str = "a.org", reason: str = "") -> DeadGroupRecord:
    sample: DeadSample = {"batch_id": "b", "item_id": "1", "line": 1, "url": "u", "reason": reason}
    return {
        "kind": kind,
        "domain": domain,
        "n": n,
        "newest_at": None,
        "retry_helps": "no",
        "hint": "",
        "sample": sample,
    }


def test_a_pause_says_whose_and_a_cancel_when() -> None:
    (paused,) = batch_words.notes(facts(status("paused"), origin=ORIGIN))
    assert (paused.lead, paused.since, paused.text) == ("Paused by ada", 7.0, "Nothing new begins.")
    (nobodys,) = batch_words.notes(facts(status("paused"), origin={**ORIGIN, "paused_by": ""}))
    assert nobodys.lead == "Paused"
    (older,) = batch_words.notes(facts(status("paused"), origin={**ORIGIN, "paused_at": None}))
    assert (older.since, older.text) == (None, "Paused. Nothing new begins.")
    (cancelled,) = batch_words.notes(facts(status("cancelled", counts={"cancelled": 2}), origin=ORIGIN))
    assert (cancelled.lead, cancelled.since) == ("Cancelled", 9.0)
    assert cancelled.text == "What was fetched is kept: 0 sets. Not fetched: 2 items."


def test_a_domain_that_was_given_up_has_a_button_for_its_letters() -> None:
    given_up = [group("parked", 412, reason="parked: blocked 5 times in a row"), group("gone", 3)]
    stands = status("running", counts={"dead": 415})
    (note,) = batch_words.notes(facts(stands, dead=given_up, seen=77))
    assert note.text == (
        "a.org was given up: blocked 5 times in a row. Its 412 items are dead letters. Leave it alone for a day, then retry."
    )
    assert note.retry == batch_words.Retry("parked", "a.org", 412, 77)
    assert (note.href, note.label) == ("dead-letters?batch=b&kind=parked&domain=a.org", "See them")
    (reader,) = batch_words.notes(facts(stands, dead=given_up), may_submit=False)
    assert (reader.retry, reader.href) == (None, note.href)
    (many,) = batch_words.notes(facts(stands, dead=[group("parked", 1_001, reason="parked: x")]))
    assert many.retry is None, "more than 1,000 are asked about, where the letters are"
    paused = batch_words.notes(facts(status("paused", counts={"dead": 415}), dead=given_up))
    assert [one.retry for one in paused] == [None, None], "a paused batch takes no retry"


def test_what_robots_txt_forbids_and_slows_is_said() -> None:
    forbidden = [group("robots", 12), group("robots", 1, "b.org")]
    dead = status("running", counts={"dead": 13})
    (both,) = batch_words.notes(facts(dead, dead=forbidden))
    assert both.text.startswith("robots.txt of 2 sites forbids these 13 pages, so they are not fetched.")
    assert both.href == "dead-letters?batch=b"
    (first,) = batch_words.notes(facts(dead, dead=forbidden[:1]))
    (second,) = batch_words.notes(facts(dead, dead=forbidden[1:]))
    assert (
        first.text
        == "robots.txt of a.org forbids these 12 pages, so they are not fetched. A retry changes nothing."
    )
    assert (
        second.text == "robots.txt of b.org forbids this page, so it is not fetched. A retry changes nothing."
    )
    rows = [
        {"domain": "slow.org", "robots_delay_s": 8.0, "left": 69},
        {"domain": "quick.org", "robots_delay_s": 1.0, "left": 69},
        {"domain": "free.org", "robots_delay_s": None, "left": 69},
        {"domain": "last.org", "robots_delay_s": 8.0, "left": 1},
    ]
    (slow,) = batch_words.notes(facts(status("running"), domains=rows))
    assert slow.text == (
        "robots.txt of slow.org asks for 8 s between pages: these 69 items need 9 min 12 s at least."
    )
    assert not batch_words.notes(facts(status("cancelling"), domains=rows))[1:]


@pytest.mark.parametrize(
    ("dead", "n", "text"),
    [
        (
            [group("gone", 38), group("timeout", 2)],
            40,
            "40 dead letters, 38 of them because the page is gone.",
        ),
        (
            [group("gone", 20), group("gone", 20, "b.org")],
            40,
            "40 dead letters, all of them because the page is gone.",
        ),
        ([group("timeout", 40)], 40, "40 dead letters, all of them of “no answer in time”."),
        ([group("timeout", 1)], 1, "1 dead letter: no answer in time."),
        ([group("gone", 1)], 1, "1 dead letter, because the page is gone."),
    ],
)
def test_an_end_without_a_set_says_of_what_most_have_died(
    dead: list[DeadGroupRecord], n: int, text: str
) -> None:
    (note,) = batch_words.notes(facts(status("completed", counts={"dead": n}), dead=dead))
    assert note.text == f"Finished without a set: {text}"


def test_a_moment_of_another_day_is_no_time_of_the_day() -> None:
    now = 1_795_000_000.0  # Wed 18 Nov 2026, 11:06
    assert ">12:06</time>" in text.moment(now + 3_600, now, clock=True)
    assert ">Thu 19 Nov 02:06</time>" in text.moment(now + 15 * 3_600, now, clock=True)
    assert ">Tue 18 Nov 2025 11:06</time>" in text.moment(now - 365 * 86_400, now, clock=True)


def test_a_note_leads_to_what_is_to_be_done_next() -> None:
    def ways(state: str, *, may_submit: bool = True, **given: object) -> list[tuple[str, str]]:
        found = batch_words.notes(facts(status(state, **given)), may_submit=may_submit)
        return [(note.href, note.label) for note in found]

    cancelled = {"succeeded": 1, "cancelled": 688}
    assert ways("cancelled", counts=cancelled) == [("new?from=b", "New batch from these 688")]
    assert ways("cancelled", counts=cancelled, may_submit=False) == [("", "")]
    assert ways("cancelled", counts={"succeeded": 1}) == [("", "")]
    assert ways("cancelling") == [("new?from=b", "New batch from what is left")]
    assert ways("completed", counts={"succeeded": 9, "dead": 2}) == [("dead-letters?batch=b", "See the 2")]
    assert ways("completed", counts={"dead": 2}, may_submit=False) == [("dead-letters?batch=b", "See why")]
    assert ways("completed", counts={"succeeded": 1}) == [("", "")]


ENDS = [
    ({"estimated_between": [10.0, 20.0], "estimate_waits_on": "a.org"}, Estimate(10.0, 20.0, "a.org")),
    ({"estimated_between": [None, 20.0]}, Estimate(None, 20.0, "")),
    ({"estimate_missing": "matching"}, Estimate(reason="what is known already is being looked up")),
    (
        {"estimate_missing": "paused-domain", "estimate_waits_on": "a.org"},
        Estimate(reason="a.org is paused by an admin"),
    ),
    ({"estimate_missing": "no-page-yet"}, Estimate(reason="no page has come back yet")),
    ({"trouble": "the disk is full"}, Estimate(reason="the disk is full")),
]


@pytest.mark.parametrize(("more", "estimate"), ENDS)
def test_an_end_is_a_range_or_a_reason(more: dict[str, object], estimate: Estimate) -> None:
    missing = {"estimated_between": None, "estimate_waits_on": None, "estimate_missing": None}
    assert estimate_of(status("running", **{**missing, **more})) == estimate  # type: ignore[arg-type]
    assert estimate_of(status("paused")) == Estimate()  # type: ignore[arg-type]
