"""Answers and scripts that come late: what they say of something that is gone, or is known newer, is not shown; nothing that
people do meanwhile is lost, and the focus stays where they have gone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from browsing import Held, OpenLook, says
from conftest import LARGE, Served, opened, serving_some_dead
from playwright.sync_api import APIResponse, Page, Route, expect

BATCH = "20261128-160000-00000010"
ROW_IN_FOCUS = "document.activeElement.closest('#rows tr')?.dataset.line"


@pytest.fixture
def late(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving_some_dead(tmp_path_factory.mktemp("late"), BATCH, "late") as one:
        yield one


def settle(page: Page) -> None:
    """Let the page do what it does with an answer that has come."""
    page.evaluate("() => fetch('./').then((answer) => answer.text())")


def test_a_focused_row_keeps_the_focus_wherever_one_scrolls(look: OpenLook) -> None:
    one = opened(look, f"/batches/{LARGE}")
    page = one.page
    page.fill("#line", "60")
    page.keyboard.press("Enter")
    one.wait(f"{ROW_IN_FOCUS} === '60'")
    wrong = page.evaluate(f"""async () => {{
        const wrong = [];
        const frame = () => new Promise(requestAnimationFrame);
        for (const row of [50, 40, 30, 20, 10, 0, 10, 20, 30, 40, 50, 60, 90, 2000, 60, 0, 60]) {{
            document.getElementById("window").scrollTop = row * 32;
            for (let n = 0; n < 3; n++) await frame();
            const lines = [...document.querySelectorAll("#rows tr")].map((one) => Number(one.dataset.line));
            if ({ROW_IN_FOCUS} !== "60") wrong.push(`lost at ${{row}}`);
            if (lines.some((line, at) => at && line < lines[at - 1])) wrong.push(`no order at ${{row}}: ${{lines}}`);
        }}
        return wrong;
    }}""")
    assert not wrong


def test_an_answer_for_a_filter_that_is_gone_is_not_shown(look: OpenLook) -> None:
    one = opened(look, f"/batches/{LARGE}")
    page = one.page
    page.evaluate("""() => {
        window.said = [];
        const status = document.getElementById("status");
        new MutationObserver(() => window.said.push(status.textContent)).observe(status, {childList: true});
    }""")
    older, newer = Held(page, "**/items?*q=older*"), Held(page, "**/items?*q=captcha*")
    page.fill("#q", "older")
    older.wait()
    page.fill("#q", "captcha")
    newer.wait()
    assert page.locator("#window .blank").count() == 0, "nothing is known yet"
    newer.let_go()
    says(page.locator("#covered"), "8 matching items")
    older.let_go()
    one.wait("window.said.includes('8 matching items')")
    assert "0 matching items" not in page.evaluate("window.said")
    expect(page.locator("#rows tr")).to_have_count(8)


def test_a_panel_that_is_closed_before_it_has_come_stays_closed(look: OpenLook) -> None:
    one = opened(look, f"/batches/{LARGE}")
    page = one.page
    script, item = Held(page, "**/panel.js"), Held(page, "**/items/*")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    script.wait()
    page.wait_for_url("**item=*")
    page.keyboard.press("Escape")
    page.wait_for_url(lambda url: "item=" not in url)
    script.let_go()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    item.wait()
    page.go_back()
    item.let_go()
    settle(page)
    assert page.locator("#panel").is_hidden()
    assert page.locator("#rows tr[aria-selected]").count() == 0
    page.locator("#rows a").nth(4).click()
    expect(page.locator("#panel h2")).to_be_focused()


def test_a_panel_that_comes_late_leaves_the_focus_where_it_is(look: OpenLook) -> None:
    one = opened(look, f"/batches/{LARGE}")
    page = one.page
    item = Held(page, "**/items/*")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    item.wait()
    page.keyboard.press("/")
    item.let_go()
    expect(page.locator("#panel h2")).to_be_visible()
    page.keyboard.type("rp")
    expect(page.locator("#q")).to_have_value("rp")


def test_an_item_that_cannot_be_had_is_not_chosen_any_more(look: OpenLook) -> None:
    one = opened(look, f"/batches/{LARGE}")
    page = one.page
    page.route("**/items/*", lambda route: route.abort())
    page.locator("#rows a").nth(1).click()
    says(page.locator("#toasts"), "The service does not answer.")
    expect(page.locator("#rows tr[aria-selected]")).to_have_count(0)


def test_a_retry_that_is_answered_after_its_panel_was_closed_opens_none(late: Served, look: OpenLook) -> None:
    one = opened(look, f"/batches/{BATCH}?state=dead", base=late.url)
    page = one.page
    page.locator("#rows a").first.click()
    held = Held(page, "**/retry")
    page.locator("#panel").get_by_role("button", name="Retry").click()
    held.wait()
    page.keyboard.press("Escape")
    one.answers.clear()
    held.let_go()
    says(page.locator("#toasts"), "Queued again.")
    settle(page)
    assert page.locator("#panel").is_hidden()
    assert not [answer.url for answer in one.answers if answer.url.endswith("/items/")]


def test_an_older_answer_does_not_take_back_what_the_stream_has_told(late: Served, look: OpenLook) -> None:
    one = opened(look, f"/batches/{BATCH}", base=late.url)
    page = one.page
    answered: list[tuple[Route, APIResponse]] = []
    page.route("**/pause", lambda route: answered.append((route, route.fetch())))
    page.get_by_role("button", name="Pause").first.click()
    one.wait("document.getElementById('batch').dataset.state === 'paused'")
    late.app.state.work.finish(BATCH, 5)
    done = page.locator("#counts [data-f=done]")
    expect(done).to_have_text("25", use_inner_text=True)
    ((route, answer),) = answered
    route.fulfill(response=answer)
    one.wait("document.getElementById('status').innerText === 'Paused'")
    assert done.inner_text() == "25"


def test_a_priority_is_chosen_and_a_cancel_is_counted_once(late: Served, look: OpenLook) -> None:
    one = opened(look, f"/batches/{BATCH}", base=late.url)
    page = one.page
    script = Held(page, "**/priority.js")
    page.get_by_label("More actions").click()
    script.wait()
    script.let_go()
    page.get_by_role("button", name="Low").click()
    says(page.locator("#toasts"), "Priority: low.")
    expect(page.get_by_role("button", name="Low")).to_have_attribute("aria-pressed", "true")
    script = Held(page, "**/cancel.js")
    page.get_by_role("button", name="Cancel…").click()
    script.wait()
    page.keyboard.press("/")
    script.let_go()
    says(page.locator("#toasts"), "It is cancelled in")
    expect(page.locator("#q")).to_be_focused()
    page.get_by_role("button", name="Cancel…").click()
    settle(page)
    assert page.get_by_role("button", name="Undo").count() == 1
    page.get_by_role("button", name="Undo").click()
    one.wait("document.getElementById('batch').dataset.state === 'running'")


def test_letters_that_are_marked_while_others_are_retried_stay(late: Served, look: OpenLook) -> None:
    one = look(base=late.url)
    page = one.goto("/dead-letters?kind=gone&domain=sets.example.org")
    boxes = page.locator("[name=marked]")
    boxes.nth(0).check()
    held = Held(page, "**/retry")
    page.locator("#retry-marked").click()
    held.wait()
    boxes.nth(1).check()
    page.locator(".letters [data-row]").nth(4).focus()
    fifth = page.locator(":focus").get_attribute("href") or ""
    held.let_go()
    says(page.locator("#toasts"), "Queued 1 of 1 again.")
    expect(page.locator(".letters > li")).to_have_count(5)
    assert page.locator("[name=marked]:checked").count() == 1
    assert page.locator(":focus").get_attribute("href") == fifth


def test_runs_in_a_zone_that_was_changed_are_not_shown(look: OpenLook) -> None:
    page = look().goto("/schedules/new")
    page.fill("#timezone", "Asia/Tokyo")
    held = Held(page, "**/when?*Tokyo*")
    page.fill("#cron", "30 3 * * MON")
    held.wait()
    page.fill("#timezone", "UTC")
    first = page.locator("#when-runs li").first
    says(first, "03:30 = Mon")
    held.let_go()
    settle(page)
    says(first, "03:30 = Mon")


def test_a_click_on_an_export_waits_for_its_script(look: OpenLook) -> None:
    one = opened(look, f"/batches/{LARGE}", accept_downloads=True)
    page = one.page
    held = Held(page, "**/exports.js")
    page.locator("summary", has_text="Export").first.click()
    page.locator("a[href$='format=jsonl']").click()
    held.wait()
    with page.expect_download() as download:
        held.let_go()
    assert download.value.url.startswith("blob:"), "put together by the script"


def clicked_again_and_again(page: Page, button: str, leads_to: str) -> list[str]:
    """Click a button also while what it leads to is on its way; return what was sent."""
    sent: list[str] = []
    page.on("request", lambda asked: sent.append(asked.post_data or ""))
    held = Held(page, leads_to)
    page.evaluate(
        "button => { setInterval(() => { document.querySelector(button).click(); console.log(button); }, 10); }",
        button,
    )
    held.wait()
    for _ in range(3):
        page.wait_for_event("console")
    held.let_go()
    page.wait_for_url(leads_to)
    return sent


def test_a_group_that_is_retried_is_not_retried_twice(late: Served, look: OpenLook) -> None:
    page = look(base=late.url).goto("/dead-letters?kind=gone&domain=sets.example.org")
    sent = clicked_again_and_again(page, "#group [data-n]", "**/dead-letters")
    assert len([one for one in sent if "up_to_version" in one]) == 1
    says(page.locator("#toasts"), "Queued 6 of 6 again.")


def test_a_batch_that_is_being_opened_is_not_made_twice(look: OpenLook) -> None:
    page = look().goto("/new")
    page.fill("#lines", "https://sets.example.org/once/1/")
    expect(page.locator("#start")).to_have_text("Start 1 set")
    sent = clicked_again_and_again(page, "#start", "**/batches/2*")
    assert len([one for one in sent if "do=start" in one]) == 1


def test_a_tab_that_asks_twice_takes_one_of_the_few_streams(look: OpenLook) -> None:
    one = opened(look, f"/batches/{LARGE}")
    one.page.evaluate("""() => {
        dispatchEvent(new PageTransitionEvent("pagehide"));
        dispatchEvent(new PageTransitionEvent("pageshow", {persisted: true}));
        document.dispatchEvent(new Event("visibilitychange"));
    }""")
    settle(one.page)
    taken = one.page.evaluate("() => navigator.locks.query().then((locks) => locks.held.length)")
    assert taken == 1
