"""The page on a real service: submit, watch, pause, resume, dead letter, retry, export, catalogue, set, by keyboard alone; and a
service that goes away and comes back."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from browsing import Look, OpenLook, chromium, looks, says, take_picture
from conftest import Service, Site, StartSite
from plain_service import plain_service
from playwright.sync_api import Browser, expect

pytestmark = pytest.mark.ray


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as one:
        yield one


@pytest.fixture
def look(browser: Browser, service: Service) -> Iterator[OpenLook]:
    with looks(browser, service.url) as open_one:
        yield open_one


def tab_to(one: Look, selector: str) -> None:
    """Press Tab until an element has the focus."""
    for _ in range(80):
        if one.page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
        one.page.keyboard.press("Tab")
    raise AssertionError(f"no Tab leads to {selector}")


def submit_by_keys(one: Look, urls: list[str]) -> str:
    """Type a list and send it; return the batch's id."""
    press = one.page.keyboard.press
    press("g")
    press("n")
    one.page.wait_for_url("**/new")
    one.wait("document.activeElement.id === 'lines'")
    one.page.keyboard.insert_text("\n".join([*urls, "ftp://no", urls[0]]))
    one.wait("document.getElementById('start').innerText === 'Start 21 sets'")
    says(one.page.locator("#result"), "1 duplicate and 1 bad line are left out")
    tab_to(one, "summary")  # the options
    press("Enter")
    tab_to(one, "#name")
    one.page.keyboard.type("by keyboard")
    one.wait("document.getElementById('start').innerText === 'Start 21 sets'")
    tab_to(one, "#start")
    press("Enter")
    one.page.wait_for_url("**/batches/*")
    return one.page.url.rpartition("/")[2]


def retry_by_keys(one: Look) -> None:
    """Retry the dead letter of a group."""
    press = one.page.keyboard.press
    press("g")
    press("d")
    one.page.wait_for_url("**/dead-letters")
    press("j")
    press("Enter")
    one.page.wait_for_url("**kind=gone**")
    tab_to(one, ".letters [data-row]")
    press("r")
    one.wait("document.querySelector('.toast')?.innerText.includes('Queued again')")


def export_by_keys(one: Look, batch_id: str, path: Path) -> list[dict[str, object]]:
    """Find the batch in the list, and save its sets."""
    press = one.page.keyboard.press
    press("g")
    press("b")
    one.page.wait_for_url("**/batches")
    tab_to(one, f"a[href$='{batch_id}']")
    press("Enter")
    one.page.wait_for_url(f"**/batches/{batch_id}")
    tab_to(one, "#actions summary")
    press("Enter")
    tab_to(one, "a[href$='format=jsonl']")
    with one.page.expect_download() as download:
        press("Enter")
    download.value.save_as(path)
    return [json.loads(line) for line in path.read_text().splitlines()]


def look_up_by_keys(one: Look, title: str) -> None:
    """Find a set in the catalogue, and open it."""
    press = one.page.keyboard.press
    press("g")
    press("c")
    one.page.wait_for_url("**/catalogue")
    for _ in range(40):  # results are read in steps
        press("/")
        one.page.keyboard.type(title)
        with one.page.expect_navigation():
            press("Enter")
        if one.page.locator("#results [data-row]").count():
            break
        one.page.wait_for_timeout(250)
    press("j")
    press("Enter")
    one.page.wait_for_url("**/catalogue/1001tracklists/*")


def back_by_keys(one: Look, batch_id: str) -> None:
    """Retrace the way from a set to its batch: Back, and Esc for what lies on top."""
    one.page.go_back()
    one.page.wait_for_url("**/catalogue?q=*")
    tab_to(one, "#q")
    one.page.keyboard.press("Escape")
    one.page.wait_for_url(re.compile(r"/catalogue\?q=(&|$)"))
    while "/catalogue" in one.page.url:
        one.page.go_back()
    one.page.wait_for_url(f"**/batches/{batch_id}")
    one.wait("document.querySelector('.live-table')")
    one.page.keyboard.press("j")
    assert one.page.evaluate("document.activeElement.closest('#rows tr')?.dataset.line") == "1"
    one.page.keyboard.press("Enter")
    one.wait("!document.getElementById('panel').hidden")
    one.page.keyboard.press("Escape")
    one.wait("document.getElementById('panel').hidden")
    assert one.page.evaluate("document.activeElement.closest('tr').dataset.line") == "1"


def test_a_batch_from_its_list_to_its_sets_by_keyboard_alone(
    look: OpenLook, service: Service, site: Site, tmp_path: Path
) -> None:
    one = look(accept_downloads=True)
    one.goto("/dead-letters")
    gone = f"{site.bases[0]}/tracklist/0nosuch0/gone.html"
    batch_id = submit_by_keys(one, [*site.urls()[:20], gone])
    one.wait("document.querySelector('.live-table')")
    if service.status(batch_id)["state"] == "running":  # the machine may have been faster
        one.page.keyboard.press("p")
        one.wait("['paused', 'completed'].includes(document.getElementById('batch').dataset.state)")
        if service.status(batch_id)["state"] == "paused":
            one.wait("document.getElementById('notes').innerText.includes('Paused')")
            one.page.keyboard.press("p")
    one.wait("document.getElementById('batch').dataset.state === 'completed'", timeout_s=60)
    counts = service.status(batch_id)["counts"]
    assert (counts["succeeded"], counts["dead"]) == (20, 1)
    one.wait("document.querySelector('#counts [data-f=done]').innerText === '21'")
    one.wait("document.getElementById('notes').innerText.includes('20 sets')")
    retry_by_keys(one)
    service.wait_for(batch_id)
    sets = export_by_keys(one, batch_id, tmp_path / "sets.jsonl")
    assert len(sets) == 20
    look_up_by_keys(one, str(sets[0]["title"]))
    assert one.page.locator("#rows tbody tr:not(.heading)").count() > 0
    back_by_keys(one, batch_id)


def test_a_batch_in_full_swing_shows_what_its_status_says(
    look: OpenLook, service: Service, start_site: StartSite
) -> None:
    site = start_site("--sites=3", "--sets=600", "--faults=0.03")
    rates = {
        base.removeprefix("http://"): rate
        for base, rate in zip(site.bases, ("4/s", "2/s", "1/s"), strict=True)
    }
    batch_id = service.submit(
        site.urls(), name="closing sets of November", options={"rates": rates, "fresh_for": 0}
    )
    one, phone = look(), look(width=390, theme="dark")
    for at in (one, phone):
        at.goto(f"/batches/{batch_id}")
        at.wait("document.querySelector('.live-table')")
    one.wait(
        "!document.getElementById('spark').hasAttribute('hidden')", timeout_s=60
    )  # the fourth point of five seconds
    assert one.page.locator("#eta").inner_text().startswith(("Not before", "Likely by"))
    assert one.page.evaluate("document.title").startswith(("<1 %", *(f"{n} %" for n in range(100))))
    for at, name in ((one, "page-batch"), (phone, "page-batch-phone")):
        take_picture(at.page, name)
    one.page.keyboard.press("p")
    one.wait("document.getElementById('batch').dataset.state === 'paused'")
    done = sum(
        n
        for state, n in service.status(batch_id)["counts"].items()
        if state in ("succeeded", "dead", "skipped")
    )
    shown = int(one.page.locator("#counts [data-f=done]").inner_text().replace(",", ""))
    assert 0 < shown <= done
    phone.wait("document.getElementById('batch').dataset.state === 'paused'")
    with service.client() as http:
        http.post(f"/api/v1/batch/{batch_id}/cancel")


def test_a_cancel_can_be_undone_and_waits_for_nobody_who_left(
    look: OpenLook, service: Service, site: Site
) -> None:
    slowly = {"rates": {site.bases[0].removeprefix("http://"): "1/60s"}, "fresh_for": 0}
    batch_id = service.submit(site.urls()[:5], name="to be cancelled", options=slowly)
    one = look()
    page = one.goto(f"/batches/{batch_id}")
    one.wait("document.querySelector('.live-table')")
    cancel = page.get_by_role("button", name="Cancel…")
    cancel.click()
    one.wait("document.querySelector('.toast')?.innerText.includes('It is cancelled in')")
    assert service.status(batch_id)["state"] == "paused"
    page.keyboard.press("p")
    one.wait("document.getElementById('batch').dataset.state === 'running'")
    one.wait("!document.querySelector('.toast button')")  # who resumes it does not want it cancelled
    cancel.click()
    one.wait("document.querySelector('.toast')?.innerText.includes('It is cancelled in')")
    page.get_by_role("button", name="Undo").click()
    one.wait("document.getElementById('batch').dataset.state === 'running'")
    assert service.status(batch_id)["state"] == "running"
    cancel.click()
    one.wait("document.getElementById('batch').dataset.state === 'paused'")
    page.goto("about:blank")
    assert service.status(batch_id)["state"] == "paused", "a closed page cancels nothing"
    one.goto(f"/batches/{batch_id}")
    page.get_by_role("button", name="Cancel…").click()
    one.wait("document.getElementById('batch').dataset.state === 'cancelled'", timeout_s=30)
    assert service.wait_for(batch_id, "cancelled")["counts"]["succeeded"] <= 2


def test_a_service_that_is_killed_is_named_with_a_time_and_caught_up_with(
    browser: Browser, service: Service, site: Site
) -> None:
    """`tests/page/test_live.py` has the seconds, and a service that falls silent."""
    slowly = {"rates": {site.bases[1].removeprefix("http://"): "1/60s"}, "fresh_for": 0}
    batch_id = service.submit(site.urls()[1:9:2], name="goes on", options=slowly)
    with looks(browser, "") as look, plain_service(service) as (url, process):
        one = look(base=url)
        page = one.goto(f"/batches/{batch_id}")
        one.wait("document.querySelector('.live-table')")
        process.kill()
        one.wait("!document.getElementById('offline').hidden", timeout_s=60)
        line, counts = page.locator("#offline span").first.inner_text(), page.locator("#counts").inner_text()
        assert line.startswith("No connection since ")
        with service.client() as http:
            http.post(f"/api/v1/batch/{batch_id}/cancel")
        told = service.wait_for(batch_id, "cancelled")["counts"]
        page.wait_for_timeout(1500)
        assert page.locator("#offline span").first.inner_text() == line, "the time stands still"
        assert page.locator("#counts").inner_text() == counts, "and so do the figures"
        with plain_service(service, at=url):
            one.wait("document.querySelector('.toast')?.innerText.includes('Connected again')", timeout_s=60)
            one.wait("document.getElementById('batch').dataset.state === 'cancelled'", timeout_s=30)
            done = sum(told[name] for name in ("succeeded", "dead", "skipped"))
            one.wait(f"document.querySelector('#counts [data-f=done]').innerText === '{done}'")
            expect(page.locator("#offline")).to_be_hidden()
