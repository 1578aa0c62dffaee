"""The table of items: a window on up to a million lines, its filters, its panel, its keys; and what stays still."""

from __future__ import annotations

import pytest
from browsing import Held, Look, OpenLook, says, violations
from conftest import ALL_DEAD, LARGE, Served, opened, serving
from made_journal import connection_of
from page_seeds import Seeds
from playwright.sync_api import Route, expect

MILLION = "20261127-000000-0000000m"
N = 1_000_000
PAINTED_MS = 10_000
"""`python -m benchmarks page` holds the first paint to a second; tests run on machines that have other work."""


def rows(one: Look) -> list[int]:
    """The lines that are shown, in the order of the document."""
    lines: list[int] = one.page.evaluate(
        "[...document.querySelectorAll('#rows tr')].map(row => Number(row.dataset.line))"
    )
    return lines


def all_rows(one: Look, n: int) -> list[int]:
    """The lines that are shown, once they are so many: a field that is left has the list read once more."""
    while len(found := rows(one)) != n:
        one.wait(f"document.querySelectorAll('#rows tr').length === {n}")
    return found


def paint_ms(one: Look) -> float:
    """When something was on the screen first."""
    paint = "performance.getEntriesByName('first-contentful-paint')[0]"
    one.wait(paint)
    return float(one.page.evaluate(f"{paint}.startTime"))


SHOWN_FIRST = """((box) => Number(document.elementFromPoint(box.left + 30, box.top + 48).closest('tr').dataset.line))(
    document.getElementById('window').getBoundingClientRect())"""
"""The line at the top of the window."""


def test_ten_thousand_items_are_painted_before_a_script_has_come(look: OpenLook) -> None:
    one = look()
    held = Held(one.page, "**/*.js")
    one.page.goto(f"{one.base}/batches/{LARGE}", wait_until="commit")
    assert paint_ms(one) < PAINTED_MS
    one.wait("document.readyState !== 'loading'")
    expect(one.page.locator("#rows tr")).to_have_count(50)
    says(one.page.locator("#counts"), "10,000")
    held.wait()
    held.let_go()
    one.wait("document.querySelector('.live-table')")


def test_keys_of_the_first_moments_are_not_lost(look: OpenLook) -> None:
    one = look()
    page = one.page
    script, items = Held(page, "**/page.js"), Held(page, "**/items?*")
    page.goto(f"{one.base}/batches/{ALL_DEAD}", wait_until="commit")
    paint_ms(one)
    one.wait("document.querySelectorAll('#rows tr').length > 3")
    for key in "jjx":
        page.keyboard.press(key)
    assert page.evaluate("document.activeElement.tagName") == "BODY"
    script.let_go()
    focused = "document.activeElement.closest('#rows tr')?.dataset.line"
    one.wait(f"{focused} === '2'")  # a row of the server's
    one.wait("document.getElementById('status').innerText.includes('finished')")
    items.wait()
    items.let_go()  # the items come after the end of the stream
    one.wait("document.querySelector('.live-table')")
    assert page.evaluate(focused) == "2"
    says(page.locator("#marked"), "1 marked")
    expect(page.locator("#rows tr[data-marked]")).to_have_attribute("data-line", "2")
    page.keyboard.press("Enter")
    one.wait("document.querySelector('#rows tr[aria-selected]')?.dataset.line === '2'")


def test_enter_opens_a_row_that_is_still_being_read(look: OpenLook) -> None:
    one = opened(look, f"/batches/{LARGE}")
    held = Held(one.page, "**/items?*")
    one.page.keyboard.press("j")
    for key in ("End", "PageUp"):
        one.page.keyboard.press(key)
    one.wait("document.activeElement.closest('tr.loading')")
    one.page.keyboard.press("Enter")
    line = one.page.evaluate("document.activeElement.closest('tr').dataset.line")
    held.let_go()
    one.wait(f"document.querySelector('#rows tr[aria-selected]')?.dataset.line === '{line}'")
    one.wait("!document.getElementById('panel').hidden")


def test_a_step_to_a_row_that_is_still_being_read_is_not_lost(look: OpenLook) -> None:
    one = opened(look, f"/batches/{LARGE}")
    held = Held(one.page, "**/items?from_line=201*")
    one.page.fill("#line", "200")
    one.page.keyboard.press("Enter")
    one.wait("document.activeElement.closest('#rows tr')?.dataset.line === '200'")
    one.page.keyboard.press("Enter")
    expect(one.page.locator("#panel h2")).to_be_focused()
    held.wait()
    one.page.keyboard.press("]")
    held.let_go()
    expect(one.page.locator("#rows tr[aria-selected]")).to_have_attribute("data-line", "201")
    says(one.page.locator("#panel .pairs"), "201")


def test_rows_are_few_and_in_order_wherever_one_looks(look: OpenLook) -> None:
    one = opened(look, f"/batches/{LARGE}")
    for line in (1, 5_000, 10_004, 17):
        one.page.fill("#line", str(line))
        one.page.keyboard.press("Enter")
        one.wait(f"document.querySelector('#rows tr[data-line=\"{line}\"]:not(.loading)')")
        found = rows(one)
        assert found == sorted(found)
        assert len(found) <= 120
    one.page.fill("#line", "10004")
    one.page.keyboard.press("Enter")
    one.wait("document.querySelector('#rows tr[data-line=\"10004\"]').innerText.includes('left out')")


def test_the_wheel_moves_by_rows(look: OpenLook) -> None:
    one = opened(look, f"/batches/{LARGE}")
    one.page.locator("#window").hover()
    one.page.mouse.wheel(0, 320)
    one.wait("document.getElementById('window').scrollTop > 300")
    one.wait(f"Math.abs({SHOWN_FIRST} - 11) <= 1")


def test_keys_walk_the_rows_and_open_and_close_the_panel(look: OpenLook) -> None:
    one = opened(look, f"/batches/{LARGE}")
    page = one.page
    for _ in range(3):
        page.keyboard.press("j")
    assert page.evaluate("document.activeElement.closest('tr').dataset.line") == "3"
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    one.wait("!document.getElementById('panel').hidden")
    page.wait_for_url("**item=*")
    expect(page.locator("#rows tr[aria-selected]")).to_have_attribute("data-line", "2")
    page.keyboard.press("]")
    one.wait("document.querySelector('#rows tr[aria-selected]')?.dataset.line === '3'")
    page.keyboard.press("Escape")
    expect(page.locator("#panel")).to_be_hidden()
    assert page.evaluate("document.activeElement.closest('tr').dataset.line") == "3"
    page.wait_for_url(lambda url: "item=" not in url)
    page.keyboard.press("End")
    one.wait("document.activeElement.closest('tr')?.dataset.line === '10004'")


def test_a_copied_address_shows_the_same_and_back_restores(look: OpenLook) -> None:
    one = opened(look, f"/batches/{LARGE}")
    page = one.page
    page.select_option("#f-state", "dead")
    one.wait("document.getElementById('covered').innerText.startsWith('37 matching')")
    page.fill("#q", "captcha")
    one.wait("document.getElementById('covered').innerText.startsWith('8 matching')")
    page.locator("#rows a").nth(1).click()
    one.wait("!document.getElementById('panel').hidden")
    lines, address, chosen = all_rows(one, 8), page.url, page.locator("#panel h2").inner_text()

    other = look()
    other.page.goto(address)
    other.wait(
        "document.querySelector('#rows tr[aria-selected]') && !document.getElementById('panel').hidden"
    )
    assert all_rows(other, 8) == lines
    expect(other.page.locator("#panel h2")).to_have_text(chosen, use_inner_text=True)
    expect(other.page.locator("#q")).to_have_value("captcha")

    page.go_back()
    one.wait("document.getElementById('panel').hidden")
    page.go_back()
    one.wait("document.getElementById('covered').innerText.startsWith('37 matching')")
    page.go_back()
    one.wait("document.getElementById('covered').innerText.includes('10,004 lines')")


def test_a_filter_that_finds_nothing_says_what_to_do(look: OpenLook) -> None:
    one = opened(look, f"/batches/{LARGE}")
    one.page.fill("#q", "no-such-thing")
    one.wait("document.querySelector('#window .blank')?.innerText.includes('Nothing matches')")
    one.page.keyboard.press("Escape")
    one.wait("document.querySelectorAll('#rows tr').length > 10")


def test_keys_that_are_switched_off_do_nothing_and_fields_take_letters(look: OpenLook) -> None:
    one = opened(look, f"/batches/{LARGE}")
    page = one.page
    page.keyboard.press("?")
    assert not violations(page)
    page.get_by_label("Keys are on").uncheck()
    page.keyboard.press("Escape")
    for key in ("j", "p", "/"):
        page.keyboard.press(key)
    assert page.evaluate("document.activeElement.tagName") != "A"
    page.keyboard.press("?")
    page.evaluate("localStorage.clear()")
    page.reload()
    page.focus("#q")
    page.keyboard.type("gp/")
    expect(page.locator("#q")).to_have_value("gp/")
    assert LARGE in page.url
    assert one.status(LARGE)["state"] == "running"


def test_two_keys_lead_to_another_view(look: OpenLook) -> None:
    one = look()
    page = one.goto("/batches")
    page.keyboard.press("g")
    page.evaluate("setTimeout(() => { const from = Date.now(); while (Date.now() - from < 1300); }, 30)")
    page.wait_for_timeout(100)
    page.keyboard.press("d")  # a busy page hears it late
    page.wait_for_url("**/dead-letters")


def test_items_that_pages_have_added_are_listed_in_their_order(look: OpenLook) -> None:
    one = look()

    def added(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, body=answer.text().replace('data-lines="', 'data-added data-lines="'))

    one.page.route(f"**/batches/{LARGE}", added)
    one.goto(f"/batches/{LARGE}")
    one.wait("document.querySelector('.live-table #rows tr:not(.loading)')")
    assert rows(one)[:3] == [1, 2, 3]
    one.page.keyboard.press("j")
    for most in (200, 400):
        one.page.keyboard.press("End")
        one.wait(f"document.activeElement.closest('tr')?.dataset.row === '{most}'")
        one.wait(f"parseInt(document.getElementById('covered').innerText) > {most}")


@pytest.fixture(scope="module")
def million(tmp_path_factory: pytest.TempPathFactory) -> Served:
    """A service with a batch of a million items."""
    home = tmp_path_factory.mktemp("million")
    seeds = Seeds(home)
    seeds.batch(MILLION, "a million", 1, n_domains=1)
    db = connection_of(seeds.journal)
    columns = [row[1] for row in db.execute("PRAGMA table_info(items)")]
    changed = {"id": "id + n", "line": "n + 1", "url": "url || n", "fingerprint": "fingerprint || n"}
    values = ", ".join(changed.get(name, name) for name in columns)
    numbers = "WITH RECURSIVE more(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM more WHERE n < 999999)"
    copies = (
        "INSERT INTO items (",
        ", ".join(columns),
        ")",
        numbers,
        "SELECT",
        values,
        "FROM items, more WHERE items.id = 1",
    )
    db.execute(" ".join(copies))
    db.execute("UPDATE batches SET last_item = ?", (N,))
    seeds.journal.close()
    with serving(home) as one:
        yield one


def test_a_million_items_open_as_ten_do(look: OpenLook, million: Served) -> None:
    one = opened(look, f"/batches/{MILLION}", base=million.url)
    assert paint_ms(one) < PAINTED_MS
    assert one.status(MILLION)["total"] == N
    page = one.page
    for line in (500_000, 1_000_000):
        page.fill("#line", str(line))
        page.keyboard.press("Enter")
        one.wait(
            f"document.querySelector('#rows tr[data-line=\"{line}\"]:not(.loading)')?.innerText.includes('{line - 1}')"
        )
        assert len(rows(one)) <= 120
    page.fill("#line", "500000")
    page.keyboard.press("Enter")
    one.wait("document.querySelector('#rows tr[data-line=\"500000\"]:not(.loading)')")
    before = int(page.evaluate(SHOWN_FIRST))
    page.locator("#window").hover()
    page.mouse.wheel(0, 320)
    one.wait(f"Math.abs({SHOWN_FIRST} - {before + 10}) <= 1")  # by rows, not by the scale of the bar
    page.keyboard.press("j")
    page.keyboard.press("End")
    one.wait("document.activeElement.closest('tr')?.dataset.line === '1000000'")
