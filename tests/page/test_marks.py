"""Rows and letters that are marked with `x`, and retried or copied all at once; keys act on the row in focus alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from browsing import Look, OpenLook, violations
from conftest import Served, serving
from page_seeds import Seeds

BATCH = "20261128-140000-0000000d"


@pytest.fixture
def dying(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A service with one batch, of which some items are dead."""
    home = tmp_path_factory.mktemp("dying")
    seeds = Seeds(home)
    seeds.batch(BATCH, "some die", 40, n_domains=1)
    seeds.journal.close()
    with serving(home) as one:
        one.app.state.work.finish(BATCH, 20, n_dead=6)
        yield one


def dead(one: Look) -> int:
    return int(one.status(BATCH)["counts"]["dead"])


def test_letters_that_are_marked_are_retried_and_no_others(look: OpenLook, dying: Served) -> None:
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
    assert page.locator("#retry-marked").inner_text() == "Retry 2 marked"
    page.keyboard.press("x")
    page.keyboard.press("k")
    page.keyboard.press("x")
    assert not violations(page)
    page.locator("#retry-marked").click()
    one.wait("document.getElementById('toasts').innerText.includes('Queued 2 of 2 again.')")
    assert dead(one) == 4
    assert page.locator(".letters > li").count() == 4
    assert page.locator("#retry-marked").is_hidden()
    assert page.evaluate("document.activeElement.hasAttribute('data-row')")


def test_letters_are_marked_without_a_script(look: OpenLook, dying: Served) -> None:
    one = look(base=dying.url, scripts=False)
    page = one.goto(f"/dead-letters?batch={BATCH}&kind=gone&domain=sets.example.org")
    for n in (0, 3):
        page.locator("[name=marked]").nth(n).check()
    page.get_by_role("button", name="Retry those marked").click()
    assert "Queued 2 again." in page.locator("main").inner_text()
    assert f"batch={BATCH}" in page.url
    assert dead(one) == 4


def test_rows_of_a_batch_are_marked_copied_and_retried(look: OpenLook, dying: Served) -> None:
    one = look(base=dying.url, permissions=["clipboard-read", "clipboard-write"])
    page = one.goto(f"/batches/{BATCH}")
    one.wait("document.querySelector('.live-table #rows tr:not(.loading)')")
    for key in "jxjjx":
        page.keyboard.press(key)
    assert page.locator("#marked").inner_text().startswith("2 marked")
    assert page.locator("#rows tr[data-marked]").count() == 2
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


def test_all_letters_are_retried_after_a_question(look: OpenLook, dying: Served) -> None:
    one = look(base=dying.url)
    dying.app.state.work.finish(BATCH, 4, n_dead=2, reason="timeout")
    page = one.goto("/dead-letters")
    page.get_by_role("link", name="Retry all…").click()
    assert page.evaluate("document.activeElement.innerText") == "Leave them"
    assert "A retry may help 2 of them now." in page.locator("#all").inner_text()
    assert not violations(page)
    dying.app.state.work.finish(BATCH, 1, n_dead=1, reason="timeout")
    page.get_by_role("button", name="Retry the 2", exact=True).click()
    page.wait_for_url("**/dead-letters?retried=2")
    assert "Queued 2 again." in page.locator("main").inner_text()
    assert dead(one) == 7, "what died since stays"
    page.get_by_role("link", name="Retry all…").click()
    page.get_by_role("button", name="Leave them").click()
    assert dead(one) == 7
    still = look(base=dying.url, scripts=False)
    still.goto(f"/dead-letters?batch={BATCH}").get_by_role("link", name="Retry all…").click()
    assert not violations(look(base=dying.url).goto(f"/dead-letters/retry-all?batch={BATCH}"))
    still.page.get_by_role("button", name="Retry all 7").click()
    assert dead(one) == 0
