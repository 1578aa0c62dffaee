"""Rows and letters that are marked with `x`, and retried or copied all at once; keys act on the row in focus alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from browsing import Look, OpenLook, follow, says, violations
from conftest import Served, serving_some_dead
from playwright.sync_api import expect

BATCH = "20261128-140000-0000000d"


@pytest.fixture
def dying(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving_some_dead(tmp_path_factory.mktemp("dying"), BATCH, "some die") as one:
        yield one


def dead(one: Look) -> int:
    return int(one.status(BATCH)["counts"]["dead"])


def test_letters_that_are_marked_are_retried_and_no_others(dying: Served, look: OpenLook) -> None:
    one = look(base=dying.url)
    page = one.goto("/dead-letters?kind=gone&domain=sets.example.org")
    one.wait("'keys' in document.documentElement.dataset")
    assert page.locator("#retry-marked").is_hidden()
    page.keyboard.press("r")
    page.keyboard.press("x")
    assert dead(one) == 6, "no letter is in focus"
    assert page.locator("[name=marked]:checked").count() == 0
    page.locator("[data-row]").nth(2).focus()  # the first is the group
    page.keyboard.press("x")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.locator("#retry-marked")).to_have_text("Retry 2 marked", use_inner_text=True)
    page.keyboard.press("x")
    page.keyboard.press("k")
    page.keyboard.press("x")
    assert not violations(page)
    page.locator("#retry-marked").click()
    one.wait("document.getElementById('toasts').innerText.includes('Queued 2 of 2 again.')")
    assert dead(one) == 4
    expect(page.locator(".letters > li")).to_have_count(4)
    expect(page.locator("#retry-marked")).to_be_hidden()
    expect(page.locator(":focus[data-row]")).to_have_count(1)


def test_letters_are_marked_without_a_script(dying: Served, look: OpenLook) -> None:
    one = look(base=dying.url, scripts=False)
    page = one.goto(f"/dead-letters?batch={BATCH}&kind=gone&domain=sets.example.org")
    for n in (0, 3):
        page.locator("[name=marked]").nth(n).check()
    follow(page.get_by_role("button", name="Retry those marked"))
    says(page.locator("main"), "Queued 2 again.")
    page.wait_for_url(f"**batch={BATCH}**")
    assert dead(one) == 4


def test_rows_of_a_batch_are_marked_copied_and_retried(dying: Served, look: OpenLook) -> None:
    one = look(base=dying.url, permissions=["clipboard-read", "clipboard-write"])
    page = one.goto(f"/batches/{BATCH}")
    one.wait("document.querySelector('.live-table #rows tr:not(.loading)')")
    for key in "jxjjx":
        page.keyboard.press(key)
    says(page.locator("#marked"), "2 marked")
    expect(page.locator("#rows tr[data-marked]")).to_have_count(2)
    assert not violations(page)
    page.get_by_role("button", name="Copy URLs").click()
    one.wait("document.getElementById('toasts').innerText.includes('2 URLs copied.')")
    copied = page.evaluate("navigator.clipboard.readText()").split("\n")
    assert [url.rsplit("/", 1)[0][-6:] for url in copied] == [
        "001eef",
        "005ccd",
    ]
    page.get_by_role("button", name="Retry 2 dead ones").click()
    one.wait("document.getElementById('marked').hidden")
    assert dead(one) == 4
    page.locator("#rows tr[data-line='2'] a").focus()
    page.keyboard.press("r")
    one.wait("document.querySelector('#rows tr[data-line=\"2\"]').innerText.includes('queued')")
    assert dead(one) == 3


def test_all_letters_are_retried_after_a_question(dying: Served, look: OpenLook) -> None:
    one = look(base=dying.url)
    dying.app.state.work.finish(BATCH, 4, n_dead=2, reason="timeout")
    page = one.goto("/dead-letters")
    page.get_by_role("link", name="Retry all…").click()
    expect(page.locator(":focus")).to_have_text("Leave them", use_inner_text=True)
    says(page.locator("#all"), "A retry may help 2 of them now.")
    assert not violations(page)
    dying.app.state.work.finish(BATCH, 1, n_dead=1, reason="timeout")
    follow(page.get_by_role("button", name="Retry the 2", exact=True))
    page.wait_for_url("**/dead-letters?retried=2")
    says(page.locator("main"), "Queued 2 again.")
    assert dead(one) == 7, "what died since stays"
    page.get_by_role("link", name="Retry all…").click()
    page.get_by_role("button", name="Leave them").click()
    assert dead(one) == 7
    still = look(base=dying.url, scripts=False)
    follow(still.goto(f"/dead-letters?batch={BATCH}").get_by_role("link", name="Retry all…"))
    assert not violations(look(base=dying.url).goto(f"/dead-letters/retry-all?batch={BATCH}"))
    follow(still.page.get_by_role("button", name="Retry all 7"))
    assert dead(one) == 0
