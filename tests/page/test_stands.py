"""What is said of a batch and of lists that people keep open: who paused, what was promised, what is slow, who is signed out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from browsing import Held, Look, OpenLook, follow, says, violations
from conftest import LARGE, PAUSED, Served, serving
from made_journal import apply_robots, change, commit
from page_seeds import Seeds
from playwright.sync_api import expect
from steer_seeds import WEEKLY

from tlray.core.access.tokens import NewToken, spell
from tlray.core.model.item import FrontierItem
from tlray.core.model.lifecycle import ItemEvent
from tlray.core.model.outcome import Outcome, OutcomeKind
from tlray.core.scheduling.changeset import Changeset, DomainChange

SLOW, ADAS = "20261128-150000-0000000e", "20261128-150000-0000000f"
SUBMITTER, READER = spell(b"s" * 3, b"s" * 32), spell(b"t" * 3, b"t" * 32)
REASONS = (
    (OutcomeKind.ROBOTS, "robots: disallowed"),
    (OutcomeKind.ROBOTS, "robots: disallowed"),
    (OutcomeKind.BLOCKED, "parked: blocked 5 times in a row"),
)


def _ended(item: FrontierItem, kind: OutcomeKind, reason: str) -> Outcome:
    return Outcome(item.id, kind, reason=reason, started_at=1.0, latency_s=0.1)


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A service that needs tokens, with a batch at a slow site that forbids pages and was given up, and one that is steered."""
    home = tmp_path_factory.mktemp("stands")
    seeds = Seeds(home)
    number = seeds.batch(SLOW, "slow ones", 40, n_domains=1, owner="ada")
    seeds.batch(ADAS, "hers", 10, n_domains=1, owner="ada")
    items = seeds.journal.load_lane(number, "sets.example.org", after_id=0, limit=len(REASONS))
    seeds.journal.mark_leased([item.id for item in items])
    died = [
        change(item, ItemEvent.EXHAUST, reason=reason, outcome=_ended(item, kind, reason))
        for item, (kind, reason) in zip(items, REASONS, strict=True)
    ]
    commit(seeds.journal, Changeset("L", died), wall=seeds.now)
    apply_robots(seeds.journal, "sets.example.org", "User-agent: *\nCrawl-delay: 8\n", 8.0, wall=seeds.now)
    for one, scope in ((SUBMITTER, "submit"), (READER, "read")):
        seeds.journal.create_token(name=one.name, digest=one.digest, user="ada", scopes=[scope], now=1.0)
    seeds.journal.close()
    with serving(home) as one_served:
        yield one_served


def signed_in(look: OpenLook, closed: Served, token: NewToken = SUBMITTER) -> Look:
    one = look(base=closed.url)
    one.goto("/sign-in")
    one.page.fill("input[name=token]", token.text)
    follow(one.page.get_by_role("button", name="Sign in"))
    return one


def test_what_a_site_asks_and_forbids_is_said_and_a_button_is_there(look: OpenLook, closed: Served) -> None:
    one = signed_in(look, closed)
    page = one.goto(f"/batches/{SLOW}")
    notes = page.locator("#notes")
    says(notes, "asks for 8 s between pages: these 37 items need 4 min 56 s at least.")
    says(notes, "forbids these 2 pages, so they are not fetched")
    says(notes, "Its 1 item is a dead letter.")
    expect(notes.locator(".note form button")).to_have_count(1)
    assert not violations(page)
    one.wait("document.querySelector('.live-table')")
    page.get_by_role("button", name="Retry 1", exact=True).click()
    one.wait("document.getElementById('toasts').innerText.includes('Queued 1 again.')")
    one.wait("!document.getElementById('notes').innerText.includes('given up')")
    one.wait("document.querySelector('#counts [data-f=dead]').innerText === '2'")
    reader = signed_in(look, closed, READER)
    expect(reader.goto(f"/batches/{SLOW}").locator("#notes button")).to_have_count(0)


def test_a_pause_says_who_and_when(look: OpenLook, closed: Served) -> None:
    one = signed_in(look, closed)
    page = one.goto(f"/batches/{ADAS}")
    one.wait("document.querySelector('.live-table')")
    page.get_by_role("button", name="Pause").first.click()
    one.wait(
        "/Paused by ada at \\d\\d:\\d\\d. Nothing new begins./.test(document.getElementById('notes').innerText)"
    )
    page.reload()
    says(page.locator("#notes"), "Paused by ada at")
    page.get_by_role("button", name="Cancel…").click()
    page.get_by_role("button", name="Undo").click()
    says(page.locator("#notes"), "Paused by ada at")
    page.get_by_role("button", name="Resume").first.click()
    one.wait("!document.getElementById('notes').innerText.includes('Paused')")


def test_what_was_said_at_half_way_is_held_against_the_end(look: OpenLook, tmp_path: Path) -> None:
    seeds = Seeds(tmp_path)
    seeds.batch(ADAS, "short", 10, n_domains=1)
    seeds.journal.close()
    with serving(tmp_path) as going:
        one = look(base=going.url)
        page = one.goto(f"/batches/{ADAS}")
        one.wait("document.querySelector('.live-table')")
        going.app.state.work.finish(ADAS, 4)
        one.wait("document.querySelector('#counts [data-f=done]').innerText === '4'")
        one.wait("document.getElementById('eta').innerText.includes('ikely by')")
        going.app.state.work.finish(ADAS, 1)
        one.wait("document.querySelector('#counts [data-f=done]').innerText === '5'")
        going.app.state.work.finish(ADAS, 5)
        going.app.state.work.end(ADAS)
        said = r"/^At half way we said .*\\d\\d:\\d\\d; it ended .*\\d\\d:\\d\\d\\.$/"
        one.wait(
            f"{said.replace(chr(92) * 2, chr(92))}.test(document.getElementById('eta').innerText.trim())"
        )
        live = page.locator("#eta").inner_text().strip()
        page.reload()
        one.wait(f"document.getElementById('eta').innerText.trim() === '{live}'")


def test_a_batch_says_when_it_came_and_what_it_was_asked_with(look: OpenLook, closed: Served) -> None:
    page = signed_in(look, closed).goto(f"/batches/{ADAS}?tab=options")
    pairs = page.locator("dl.pairs").inner_text()
    for said in ("Submitted", "ada", "Notifies\nnobody", "5 at most", "kept in the archive"):
        assert said in pairs, pairs


def test_a_page_of_nowhere_has_a_navigation_for_whom_it_is(look: OpenLook, closed: Served) -> None:
    one = signed_in(look, closed, READER)
    for path, status in (
        ("/nowhere", 404),
        ("/batches/no-such", 404),
        ("/new", 403),
        ("/batches?no=such", 200),
    ):
        answer = one.page.goto(closed.url + path)
        assert answer is not None
        assert answer.status == status, path
        expect(one.page.locator("nav.views a"), path).to_have_count(6)
    stranger = httpx.get(f"{closed.url}/nowhere", headers={"Accept": "text/html"})
    assert (stranger.status_code, 'nav class="views"' in stranger.text) == (404, False)
    assert httpx.get(f"{closed.url}/api/v1/nowhere").headers["content-type"] == "application/problem+json"


def test_a_tab_that_was_signed_out_in_another_says_so_and_keeps_what_is_typed(
    look: OpenLook, closed: Served
) -> None:
    one = signed_in(look, closed)
    page = one.goto("/new")
    page.fill("#lines", "https://sets.example.org/kept")
    page.locator("summary", has_text="Options").click()
    page.fill("#name", "mine")
    page.context.clear_cookies()
    page.locator("#check").click()
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/sign-in?next=new")
    page.fill("input[name=token]", SUBMITTER.text)
    follow(page.get_by_role("button", name="Sign in"))
    expect(page.locator("#lines")).to_have_value("https://sets.example.org/kept")
    expect(page.locator("#name")).to_have_value("mine")


def test_a_form_of_several_tabs_keeps_what_is_typed(look: OpenLook) -> None:
    page = look().goto("/schedules/new")
    page.fill("#lines", "https://sets.example.org/kept")
    page.fill("#name", "every night")
    page.fill("#cron", "@daily")
    follow(page.get_by_role("link", name="A refresh of the catalogue"))
    expect(page.locator("#name")).to_have_value("every night")
    expect(page.locator("#cron")).to_have_value("@daily")
    page.fill("#name", "every night at three")
    follow(page.get_by_role("link", name="A template"))
    follow(page.get_by_role("link", name="A list"))
    expect(page.locator("#lines")).to_have_value("https://sets.example.org/kept")
    expect(page.locator("#name")).to_have_value("every night at three")
    page.reload()
    assert page.input_value("#lines") == ""


def test_a_list_of_schedules_says_that_one_has_run(look: OpenLook, served: Served) -> None:
    one = look()
    one.page.clock.install()
    page = one.goto("/schedules")
    path = f"{served.url}/api/v1/schedules/{WEEKLY}"
    before = httpx.get(path).json()["overlap"]
    other = "skip" if before == "queue" else "queue"
    httpx.patch(path, json={"overlap": other}).raise_for_status()
    try:
        page.clock.fast_forward(6_000)
        follow(page.get_by_role("button", name="Show"))
        assert not page.locator(".toast").count()
    finally:
        httpx.patch(path, json={"overlap": before}).raise_for_status()


def test_a_slow_answer_is_marked_and_named(look: OpenLook) -> None:
    one = look()
    one.page.clock.install()
    page = one.goto(f"/batches/{LARGE}")
    one.wait("document.querySelector('.live-table')")
    held = Held(page, "**/items?*q=slow*")
    page.fill("#q", "slow")
    one.wait("document.querySelector('.items').classList.contains('reading')")
    page.clock.fast_forward(5_000)
    says(page.locator("#toasts"), "Still loading. The service answers slowly.")
    held.let_go()
    one.wait("!document.querySelector('.reading') && !document.querySelector('.toast')")
    says(page.locator("#window"), "Nothing matches")


def test_an_undo_outlives_other_messages(look: OpenLook) -> None:
    one = look(permissions=["clipboard-read", "clipboard-write"])
    one.page.clock.install()
    asked: list[str] = []
    one.page.on("request", lambda request: asked.append(request.url))
    page = one.goto(f"/batches/{PAUSED}")
    one.wait("document.querySelector('.live-table')")
    page.get_by_role("button", name="Cancel…").click()
    expect(page.locator(":focus")).to_have_text("Undo", use_inner_text=True)
    page.get_by_label("More actions").click()
    page.get_by_role("button", name="Copy link").click()
    one.wait("document.getElementById('toasts').innerText.includes('Link copied')")
    page.get_by_role("button", name="Undo").click()
    page.clock.run_for(9_000)
    page.evaluate("fetch('./')")  # what was asked for before is known by then
    assert not [url for url in asked if url.endswith("/cancel")]


def test_the_title_of_a_hidden_tab_follows(look: OpenLook, tmp_path: Path) -> None:
    seeds = Seeds(tmp_path)
    seeds.batch(ADAS, "unseen", 100, n_domains=1)
    seeds.journal.close()
    with serving(tmp_path) as going:
        one = look(base=going.url)
        page = one.page
        page.clock.install()
        page.goto(f"{going.url}/batches/{ADAS}")
        one.wait("document.querySelector('.live-table')")
        page.evaluate("""() => {
            Object.defineProperty(document, 'hidden', {get: () => true});
            window.requestAnimationFrame = () => 0;
            document.dispatchEvent(new Event('visibilitychange'));
        }""")
        going.app.state.work.finish(ADAS, 42)
        page.clock.fast_forward(61_000)
        one.wait("document.title === '42 % · unseen'")


def test_on_a_phone_domains_are_folded_and_say_how_many_rest(look: OpenLook) -> None:
    page = look(width=390).goto(f"/batches/{LARGE}")
    fold = page.locator("#domains summary")
    expect(fold).to_have_text("Domains 4, 1 rests", use_inner_text=True)
    expect(page.get_by_role("link", name="mixes.example.net").first).to_be_hidden()
    fold.click()
    expect(page.locator("#domains tbody tr")).to_have_count(4)
    wide = look().goto(f"/batches/{LARGE}")
    expect(wide.locator("#domains tbody tr").first).to_be_visible()
    expect(wide.locator("#domains summary")).to_be_hidden()


def test_urls_are_cut_in_their_midst_and_begin_where_the_column_does(look: OpenLook) -> None:
    one = look(width=390)
    page = one.goto(f"/batches/{LARGE}")
    one.wait("document.querySelector('.live-table #rows tr:not(.loading)')")
    starts, ends, cut = page.evaluate("""() => {
        const rows = [...document.querySelectorAll('#rows .url')].slice(0, 8);
        const box = (one) => one.getBoundingClientRect();
        return [rows.map((row) => box(row.children[1]).left), rows.map((row) => row.children[2].textContent),
                rows.filter((row) => row.children[1].scrollWidth > row.children[1].clientWidth).length];
    }""")
    assert len({round(start) for start in starts}) == 1
    assert all(end.endswith(".html") for end in ends)
    assert cut > 0


def test_a_service_that_is_being_started_says_so_and_the_page_goes_on(look: OpenLook) -> None:
    one = look()
    page = one.goto(f"/batches/{LARGE}")
    one.wait("document.querySelector('.live-table')")
    page.route("**/events?*", lambda route: route.abort())
    page.route("**/status", lambda route: route.fulfill(status=503, json={"detail": "wait"}))
    page.evaluate("dispatchEvent(new PageTransitionEvent('pagehide'))")  # the stream ends
    page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))")
    one.wait(
        "document.getElementById('offline').innerText.includes('The service is being started again. Nothing is lost')"
    )
    assert not violations(page)
    page.unroute("**/status")
    page.unroute("**/events?*")
    one.wait("document.getElementById('offline').hidden")


def test_a_list_that_is_not_kept_true_any_more_says_so(look: OpenLook) -> None:
    one = look()
    page = one.page
    page.clock.install()
    one.goto("/batches")
    one.wait("'keys' in document.documentElement.dataset")
    page.route("**/batches/open", lambda route: route.abort())
    page.clock.fast_forward(6_000)
    assert page.locator("#offline").is_hidden()
    page.clock.fast_forward(20_000)
    one.wait("document.getElementById('offline').innerText.includes('No connection since')")
    page.unroute("**/batches/open")
    page.clock.fast_forward(6_000)
    one.wait("document.getElementById('offline').hidden")


def test_an_item_leads_to_its_set_beside_the_table_and_on_its_own_page(
    look: OpenLook, served: Served
) -> None:
    one = look()
    page = one.goto("/catalogue/1001tracklists/2parts")
    one.wait("document.querySelector('h1').innerText === 'Two parts'")  # it has been read
    found = httpx.get(f"{served.url}/api/v1/catalogue?q=parts").json()["sets"][0]
    item = f"{found['batch_id']}/items/{found['item_id']}"
    follow(one.goto(f"/batches/{item}").get_by_role("link", name="Two parts"))
    page.wait_for_url("**/catalogue/1001tracklists/2parts")
    one.goto(f"/batches/{found['batch_id']}?item={found['item_id']}")
    page.locator("#panel").get_by_role("link", name="Two parts").click()
    page.wait_for_url("**/catalogue/1001tracklists/2parts")
    phone = look(width=390).goto(f"/batches/{found['batch_id']}?item={found['item_id']}")
    phone.wait_for_url(f"**/batches/{item}")
    expect(phone.get_by_role("link", name="Two parts")).to_be_visible()


def test_a_rest_that_ended_takes_its_button_along(look: OpenLook, tmp_path: Path) -> None:
    seeds = Seeds(tmp_path)
    seeds.batch(ADAS, "rests", 10, n_domains=1)
    rest = DomainChange("sets.example.org", 540.0, "throttled: 429", 1)
    commit(seeds.journal, Changeset("", cool_downs=[rest]), wall=seeds.now)
    seeds.journal.close()
    with serving(tmp_path) as resting:
        one = look(base=resting.url)
        batch = one.goto(f"/batches/{ADAS}").locator("#domains tbody").inner_text()
        assert re.search(r"rests until \d\d:\d\d · too many requests", batch), batch
        page = one.goto("/domains/sets.example.org")
        expect(page.get_by_role("button", name="Lift the rest")).to_be_visible()
        httpx.patch(f"{resting.url}/api/v1/domains/sets.example.org", json={"lift": True}).raise_for_status()
        page.get_by_role("button", name="Lift the rest").wait_for(state="hidden")
        assert "rests" not in page.locator(".title").inner_text()
