"""What goes on while somebody looks: figures follow, what is read stays still, streams end and come back, tabs share them."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
from browsing import SLOWNESS, Look, OpenLook, follow, says, violations
from conftest import Served, serving
from page_seeds import Seeds
from playwright.sync_api import CDPSession, Page, Request, expect
from wire import Wire, wire_to

from tlray.service.page.views import dead_letters
from tlray.service.routes import progress

BATCH = "20261128-130000-0000000c"
N = 6_000
MOST_CPU = 0.3
"""Of a core, for the main thread of the page; `python -m benchmarks page` holds it to a tenth."""


@pytest.fixture
def going(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A service with one batch of which nothing is done."""
    home = tmp_path_factory.mktemp("going")
    seeds = Seeds(home)
    seeds.batch(BATCH, "goes on", N, n_domains=1)
    seeds.journal.close()
    with serving(home) as one:
        yield one


@contextmanager
def at_speed(going: Served, *, per_s: int = 300) -> Iterator[None]:
    """Let items finish in a thread meanwhile, in groups as tasks report them."""
    is_seen = threading.Event()

    def work() -> None:
        while not is_seen.wait(0.2):
            going.app.state.work.finish(BATCH, per_s // 5)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        is_seen.set()
        thread.join()


def opened(going: Served, look: OpenLook) -> Look:
    one = look(base=going.url)
    one.goto(f"/batches/{BATCH}")
    one.wait("document.querySelector('.live-table #rows tr:not(.loading)')")
    return one


def watched(page: Page) -> CDPSession:
    """Note what a page writes and says from now on, and what its main thread costs, in CPU time."""
    page.evaluate("""() => {
        window.bursts = 0; window.shifts = 0; window.estimates = 0; window.said = [];
        const all = {subtree: true, childList: true, characterData: true, attributes: true};
        new MutationObserver(() => { window.bursts++; }).observe(document.querySelector("main"), all);
        new MutationObserver(() => { window.estimates++; }).observe(document.getElementById("eta"), all);
        const status = document.getElementById("status");
        new MutationObserver(() => { if (status.textContent) window.said.push(status.textContent); }).observe(status, all);
        new PerformanceObserver((list) => { for (const one of list.getEntries()) window.shifts += one.value; })
            .observe({type: "layout-shift", buffered: false});
    }""")
    devtools = page.context.new_cdp_session(page)
    devtools.send("Performance.enable", {"timeDomain": "threadTicks"})
    return devtools


def task_s(devtools: CDPSession) -> float:
    """The CPU time that the main thread has had."""
    metrics = devtools.send("Performance.getMetrics")["metrics"]
    return float(next(one["value"] for one in metrics if one["name"] == "TaskDuration"))


def test_figures_follow_while_a_focused_row_and_the_place_stay(going: Served, look: OpenLook) -> None:
    one = opened(going, look)
    page = one.page
    page.fill("#line", "200")
    page.keyboard.press("Enter")
    one.wait("document.querySelector('#rows tr[data-line=\"200\"]:not(.loading)')")
    page.locator("#window").click(position={"x": 10, "y": 4})
    for _ in range(2):
        page.keyboard.press("j")
    focused = "document.activeElement.closest('tr').dataset.line"
    line = page.evaluate(focused)
    tenth = page.locator("#window:focus-within #rows tr").nth(10)
    text, top = tenth.inner_text(), page.evaluate("document.getElementById('window').scrollTop")
    assert top > 0
    assert "queued" in text
    devtools = watched(page)
    begun, cpu_s = time.monotonic(), task_s(devtools)
    with at_speed(going):
        one.wait("Number(document.querySelector('#counts [data-f=done]').innerText.replace(',', '')) > 1000")
    took, cpu_s = time.monotonic() - begun, task_s(devtools) - cpu_s
    assert cpu_s / took < MOST_CPU * max(1, SLOWNESS)
    assert page.evaluate("window.bursts") / took < 12, (
        "some four times a second, and what a busy machine adds"
    )
    going.app.state.work.finish(BATCH, 1_000)
    one.wait(f"document.querySelector('#counts [data-f=done]').innerText === '{_final(one)}'")
    assert page.evaluate(focused) == line
    assert page.evaluate("document.getElementById('window').scrollTop") == top
    assert tenth.inner_text() == text
    assert page.evaluate("window.shifts") < 0.01
    most = 2 + (time.monotonic() - begun) // 10  # six a minute
    assert page.evaluate("window.estimates") <= most
    assert page.evaluate("window.said.length") <= most, page.evaluate("window.said")
    expect(page.locator("#newer")).to_be_visible()
    page.keyboard.press(".")
    expect(page.locator("#newer")).to_be_hidden()
    one.wait(f"document.querySelector('#rows tr[data-line=\"{line}\"]').innerText.includes('done')")


def _final(one: Look) -> str:
    return f"{one.status(BATCH)['counts']['succeeded']:,}"


def test_rows_in_view_change_in_place(going: Served, look: OpenLook) -> None:
    one = opened(going, look)
    before = one.page.evaluate(
        "window.row = document.querySelector('#rows tr[data-line=\"5\"]'), window.row.innerText"
    )
    assert "queued" in before
    going.app.state.work.finish(BATCH, 40, n_dead=2)
    one.wait("document.querySelector('#rows tr[data-line=\"5\"]').innerText.includes('done')")
    one.wait("document.querySelector('#rows tr[data-line=\"1\"]').innerText.includes('dead')")
    assert one.page.evaluate("window.row === document.querySelector('#rows tr[data-line=\"5\"]')")


def test_a_list_of_the_dead_grows_only_when_it_is_asked_to(going: Served, look: OpenLook) -> None:
    one = opened(going, look)
    going.app.state.work.finish(BATCH, 20, n_dead=3)
    one.page.select_option("#f-state", "dead")
    one.wait("document.getElementById('covered').innerText.startsWith('3 matching')")
    one.wait("document.querySelector('#counts [data-f=dead]').innerText === '3'")
    going.app.state.work.finish(BATCH, 20, n_dead=2)
    one.wait("document.getElementById('newer').innerText.includes('2 newer changes')")
    assert one.page.locator("#rows tr").count() == 3, "it has not grown"
    one.page.keyboard.press("Escape")
    one.page.locator("#newer").click()
    one.wait("document.querySelectorAll('#rows tr').length === 5")


def test_a_list_that_was_empty_shows_what_has_come(going: Served, look: OpenLook) -> None:
    one = look(base=going.url)
    page = one.goto(f"/batches/{BATCH}?state=dead")
    says(page.locator("#window .blank"), "Nothing matches")
    going.app.state.work.finish(BATCH, 20, n_dead=2)
    page.locator("#newer").click()
    expect(page.locator("#rows tr")).to_have_count(2)
    assert page.locator("#window .blank").count() == 0


def test_a_group_is_retried_as_far_as_it_was_seen(going: Served, look: OpenLook) -> None:
    work = going.app.state.work
    work.finish(BATCH, 413, n_dead=413)
    one = look(base=going.url)
    page = one.goto("/dead-letters?kind=gone&domain=sets.example.org")
    page.locator(".letters button").first.click()
    one.wait("document.querySelector('.toast')?.innerText.includes('Queued again')")
    expect(page.locator(".letters > li")).to_have_count(49)
    page.reload()
    work.finish(BATCH, 3, n_dead=3)
    page.get_by_role("button", name="Retry 412 of this group").click()
    one.wait(
        "document.querySelector('.toast')?.innerText.startsWith('Queued 412 of 412 again; 3 died since and stay')"
    )
    counts = one.status(BATCH)["counts"]
    assert (counts["dead"], counts["queued"]) == (3, N - 3)
    follow(page.locator("a.group"))
    page.get_by_role("button", name="Retry 3 of this group").wait_for()
    work.finish(BATCH, 998, n_dead=998)
    page.reload()
    retry = page.get_by_role("button", name="Retry 1,001 of this group")
    retry.click()
    expect(page.locator(":focus")).to_have_text("Leave them", use_inner_text=True)
    assert not violations(page)
    page.keyboard.press("Escape")
    assert one.status(BATCH)["counts"]["dead"] == 1_001
    retry.click()
    page.locator("#sure [data-sure]").click()
    one.wait("document.querySelector('.toast')?.innerText.startsWith('Queued 1,001 of 1,001 again')")
    work.finish(BATCH, 1_001, n_dead=1_001)
    one.goto(f"/batches/{BATCH}")
    one.wait("document.querySelector('.live-table')")
    for button, n_dead in (("Leave them", 1_001), ("Retry all", 0)):
        page.get_by_role("button", name="Retry 1,001 dead").click()
        says(page.locator("#sure"), "1,001 pages are fetched again")
        page.get_by_role("button", name=button).click()
        page.locator("#sure").wait_for(state="hidden")
        one.wait(f"document.querySelector('#counts [data-f=dead]').innerText === '{n_dead:,}'")
        assert one.status(BATCH)["counts"]["dead"] == n_dead


OFFLINE = "!document.getElementById('offline').hidden"


class Clock:
    """The clock of a page, which goes on second by second; in each of them the network says what it has to say."""

    def __init__(self, one: Look, wire: Wire) -> None:
        self._page, self._wire = one.page, wire
        self._asked: set[Request] = set()
        one.page.clock.install()
        one.page.on("request", lambda asked: self._asked.add(asked))  # noqa: PLW0108 - playwright marks it
        one.page.on("response", lambda answer: self._asked.discard(answer.request))
        one.page.on("requestfailed", lambda asked: self._asked.discard(asked))  # noqa: PLW0108

    def pass_s(self, seconds: int, claim: str = "false") -> int:
        """Go on until a claim is true; return how many seconds it took."""
        for passed in range(seconds):
            if self._page.evaluate(claim):
                return passed
            self._page.clock.run_for(1_000)
            deadline = time.monotonic() + 20
            self._page.wait_for_timeout(60)
            while self._asked and not self._wire.swallows and time.monotonic() < deadline:
                self._page.wait_for_timeout(20)
        return seconds


def test_a_lost_connection_is_named_in_time_and_caught_up_with(going: Served, look: OpenLook) -> None:
    with wire_to(going.url) as wire:
        one = look(base=wire.url)
        page = one.page
        clock = Clock(one, wire)
        page.goto(f"{wire.url}/batches/{BATCH}")
        one.wait("document.querySelector('.live-table')")
        clock.pass_s(2)
        for is_cut, most_s in ((True, 5), (False, 25)):
            if is_cut:
                with page.expect_event("requestfailed", lambda asked: "/events" in asked.url):
                    wire.cut()
            wire.swallows = not is_cut
            assert clock.pass_s(60, OFFLINE) <= most_s
            line, counts = (
                page.locator("#offline span").first.inner_text(),
                page.locator("#counts").inner_text(),
            )
            assert re.fullmatch(r"No connection since \d\d:\d\d:\d\d. What you see is from then.", line)
            going.app.state.work.finish(BATCH, 500)
            clock.pass_s(10)
            assert page.locator("#offline span").first.inner_text() == line, "the time stands still"
            assert page.locator("#counts").inner_text() == counts, "and so do the figures"
            wire.cut()  # what was swallowed is lost
            wire.swallows = False
            wire.mend()
            assert clock.pass_s(60, f"!({OFFLINE})") <= 15
            says(page.locator(".toast"), "Connected again. 500 items changed")
            expect(page.locator("#counts [data-f=done]")).to_have_text(_final(one), use_inner_text=True)
            page.evaluate("document.querySelector('.toast').remove()")


def test_a_stream_that_ends_at_its_limit_is_no_lost_connection(
    going: Served, look: OpenLook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "MAX_STREAM_BYTES", 1_500)
    one = look(base=going.url)
    one.page.add_init_script("""
        window.streams = 0; window.most = 0; window.made = 0;
        const Plain = window.EventSource;
        window.EventSource = class extends Plain {
            constructor(url) { super(url); window.made++; window.streams++; window.most = Math.max(window.most, window.streams); }
            close() { if (!this.isOver) { this.isOver = true; window.streams--; } super.close(); }
        };
        document.addEventListener("DOMContentLoaded", () => {
            new MutationObserver(() => { window.wasOffline ||= !document.getElementById("offline").hidden; })
                .observe(document.getElementById("offline"), {attributes: true});
        });
    """)
    one.goto(f"/batches/{BATCH}")
    one.wait("document.querySelector('.live-table')")
    with at_speed(going):
        one.wait("window.made > 3")
    one.wait(f"document.querySelector('#counts [data-f=done]').innerText === '{_final(one)}'")
    assert one.page.evaluate("[window.most, window.wasOffline ?? false]") == [1, False]


def test_tabs_beyond_the_streams_of_a_browser_ask_instead(going: Served, look: OpenLook) -> None:
    one = opened(going, look)
    others = [one.page.context.new_page() for _ in range(7)]
    for page in others:
        page.goto(f"{going.url}/batches/{BATCH}")
        page.wait_for_selector(".live-table")
    going.app.state.work.finish(BATCH, 50)
    for page in others:
        tab = Look(page, going.url)
        tab.wait("document.querySelector('#counts [data-f=done]').innerText === '50'")
        assert page.locator("#offline").is_hidden()


def test_the_end_is_said_once_and_no_figure_is_whole_before(going: Served, look: OpenLook) -> None:
    one = opened(going, look)
    going.app.state.work.finish(BATCH, N - 1)
    one.wait(f"document.querySelector('#counts [data-f=done]').innerText === '{N - 1:,}'")
    one.wait("document.title.startsWith('99 %')")


def test_the_list_of_batches_follows_with_one_question_and_stays_silent_while_nothing_changes(
    going: Served, look: OpenLook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dead_letters, "COUNTED_S", 0.0)
    one = look(base=going.url)
    one.page.clock.install()
    page = one.goto("/batches")
    assert page.locator("#n-dead").is_hidden()
    statuses = []
    for _ in range(2):
        with page.expect_response("**/batches/open") as answer:
            page.clock.fast_forward(6_000)
        statuses.append(answer.value.status)
    assert statuses == [200, 304], "what is known is not sent again"
    going.app.state.work.finish(BATCH, 100, n_dead=3)
    page.clock.fast_forward(6_000)
    one.wait("document.querySelector('.cards [data-f=done]').innerText === '100'")
    expect(page.locator(".cards [data-f=dead]")).to_have_text("3", use_inner_text=True)
    one.goto("/batches")
    one.wait("document.getElementById('n-dead').innerText === '3'")
    assert not page.locator(".toast").count()
    with httpx.Client(base_url=going.url) as http:
        answer = http.get("/batches/open")
        again = http.get("/batches/open", headers={"If-None-Match": f'"x", {answer.headers["etag"]}'})
    assert (again.status_code, again.content) == (304, b"")
