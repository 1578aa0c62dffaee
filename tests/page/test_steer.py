"""What people steer on the page: domains, schedules, templates, notifications, tokens; also without a script."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from browsing import Look, OpenLook, follow, says, take_picture, violations
from conftest import Served, serving
from page_seeds import Seeds
from playwright.sync_api import expect
from steer_seeds import WEEKLY, steer

from tlray.core.access.tokens import NewToken, spell


@pytest.fixture
def http(served: Served) -> Iterator[httpx.Client]:
    """A browser without scripts, which has opened a page."""
    with httpx.Client(base_url=served.url, headers={"Accept": "text/html"}) as client:
        yield client


def send(http: httpx.Client, path: str, **fields: str) -> httpx.Response:
    """Send a form."""
    csrf = http.get("/domains").text.split('data-csrf="')[1].split('"', maxsplit=1)[0]
    return http.post(path, data={"csrf": csrf, **fields})


def test_a_domain_is_steered_without_a_script(look: OpenLook) -> None:
    page = look(scripts=False).goto("/domains")
    row = page.locator("tr", has_text="quiet.example.com")
    says(row, "1 every 8 s")
    follow(row.get_by_role("button", name="Resume"))
    says(page.locator("tr", has_text="quiet.example.com"), "nothing to do")
    follow(page.get_by_role("link", name="Set the rate of quiet.example.com:8443"))
    for text, what in (
        ("fast", "is not of the form"),
        ("auto", "is not of the form"),
        ("2/s:5", "is not of the form"),
    ):
        page.fill("#rate", text)
        follow(page.get_by_role("button", name="Set the rate"))
        says(page.locator("#faults"), what)
    page.fill("#rate", "1/4s")
    page.fill("#concurrency", "2")
    follow(page.get_by_role("button", name="Set the rate"))
    expect(page.locator("#rate")).to_have_value("15/m")
    expect(page.locator("#concurrency")).to_have_value("2")
    follow(page.get_by_role("button", name="Pause"))
    says(page.locator(".note"), "Paused by an admin")
    page.fill("#rate", "1/8s")
    page.fill("#concurrency", "1")
    follow(page.get_by_role("button", name="Set the rate"))
    expect(page.locator("#rate")).to_have_value("1/8s")


def test_domains_are_kept_true_while_they_are_looked_at(look: OpenLook, served: Served) -> None:
    one = look()
    one.page.clock.install()
    page = one.goto("/domains")
    row = page.locator("tr", has_text="radio.example.com")
    says(row, "waiting")
    url = f"{served.url}/api/v1/domains/radio.example.com"
    try:
        assert httpx.patch(url, json={"paused": True, "max_rate": 0.125}).status_code == 200
        page.clock.fast_forward(6_000)
        one.wait("document.querySelector('.toast')?.innerText.includes('radio.example.com was paused')")
        says(row, "paused")
        says(row, "1 every 8 s")
    finally:
        httpx.patch(url, json={"paused": None, "max_rate": None})
    follow(page.get_by_role("button", name="Show"))
    expect(row.get_by_role("button", name="Pause")).to_have_count(1)


def test_a_domain_says_why_it_rests_and_what_its_robots_txt_says(look: OpenLook) -> None:
    page = look().goto("/domains/archive.example.org")
    note = page.locator(".note").inner_text()
    assert note.startswith("Too many requests (429). Its 1,284 items go on by themselves. It rests until ")
    says(page.locator("pre"), "# <script>alert(1)</script> □gnp")
    follow(page.get_by_role("link", name="closing sets of November"))
    page.wait_for_url("**?domain=archive.example.org")


@pytest.mark.parametrize(
    ("path", "fields", "status"),
    [
        ("/domains/quiet.example.com:8443", {"do": "set", "concurrency": "many"}, 422),
        ("/domains/quiet.example.com:8443", {"do": "set", "concurrency": "99999999"}, 422),
        ("/domains/quiet.example.com:8443", {"do": "set", "rate": "0/s"}, 422),
        ("/domains/quiet.example.com:8443", {"do": "no-such"}, 404),
        ("/domains/no such host", {"do": "pause"}, 422),
        ("/schedules/new", {"cron": ""}, 422),
        ("/schedules/new", {"cron": "@daily", "lines": ""}, 422),
        ("/schedules/new", {"cron": "@daily", "lines": "https://a.example/1", "timezone": "Mars/Base"}, 422),
        ("/schedules/new", {"cron": "@daily", "budget": "some"}, 422),
        ("/schedules/new", {"cron": "@daily", "budget": "5", "within": "soon"}, 422),
        ("/schedules/new", {"cron": "@daily", "lines": "https://a.example/1", "overlap": "no"}, 422),
        ("/schedules/new", {"cron": "@daily", "template": "podcast"}, 422),
        ("/schedules/no-such", {"do": "run"}, 404),
        ("/schedules/sch_00000000000000a2", {"do": "no-such"}, 404),
        ("/schedules/no-such/delete", {}, 404),
        ("/templates/new", {"do": "save", "name": "x", "lines": ""}, 422),
        ("/templates/new", {"do": "save", "name": "", "lines": "https://a.example/1"}, 422),
        ("/templates/new", {"do": "save", "name": "../x", "lines": "https://a.example/1"}, 422),
        ("/templates/new", {"do": "save", "name": "podcast", "lines": "https://a.example/1"}, 422),
        ("/templates/new", {"do": "save", "name": "x", "lines": "https://a.example/{"}, 422),
        (
            "/templates/new",
            {"do": "save", "name": "x", "lines": "https://a.example/1", "fresh_for": "soon"},
            422,
        ),
        ("/templates/no-such/delete", {}, 404),
        ("/templates/podcast/delete", {}, 409),
        ("/tokens", {"user": "ada", "scope": "everything"}, 422),
        ("/tokens/no-such/revoke", {}, 404),
    ],
)
def test_what_a_form_says_wrongly_is_named(
    http: httpx.Client, path: str, fields: dict[str, str], status: int
) -> None:
    answer = send(http, path, **fields)
    assert (answer.status_code, answer.headers["content-type"][:9]) == (status, "text/html")


def test_filters_show_domains_of_a_state(http: httpx.Client) -> None:
    assert "archive.example.org" not in http.get("/domains?state=waiting").text
    assert "sets.example.org" not in http.get("/domains?q=archive").text
    assert http.get("/domains?state=no-such").status_code == 200
    assert http.get("/domains/no.such.example").status_code == 404


def test_a_schedule_is_made_run_paused_and_deleted_without_a_script(look: OpenLook) -> None:
    page = look(scripts=False).goto("/schedules")
    follow(page.get_by_role("link", name="New schedule"))
    page.fill("#cron", "every day")
    page.fill("#lines", "https://sets.example.org/nightly/1\nftp://no\n")
    follow(page.get_by_role("button", name="Create the schedule"))
    says(page.locator("#faults"), "cron")
    page.fill("#name", "nightly")
    page.fill("#cron", "5 2 * * *")
    page.fill("#timezone", "Asia/Tokyo")
    page.locator("summary", has_text="Options").click()
    page.select_option("#overlap", "queue")
    page.select_option("#fresh_for", "7d")
    follow(page.get_by_role("button", name="Create the schedule"))
    says(page.locator(".notes"), "1 line of its list is left out")
    first = page.locator("table tbody tr").first
    expect(page.locator("table tbody tr")).to_have_count(5)
    says(first.locator("td").nth(0), "02:05")
    says(first.locator("td").nth(1), "17:05")
    says(page.locator("main"), "it waits for the one before")
    follow(page.get_by_role("button", name="Run now"))
    follow(page.get_by_role("link", name="its last batch"))
    page.wait_for_url("**/batches/2*")
    page.go_back()
    row = page.locator("#history tbody tr")
    says(row, "0 / 1")
    follow(page.get_by_role("link", name="Change"))
    expect(page.locator("#lines")).to_have_value("https://sets.example.org/nightly/1\nftp://no")
    expect(page.locator("#fresh_for")).to_have_value("7d")
    page.fill("#cron", "at night")
    follow(page.get_by_role("button", name="Save the changes"))
    says(page.locator("#faults"), "cron")
    page.fill("#cron", "15 4 * * SUN")
    page.fill("#lines", "https://sets.example.org/nightly/1\nhttps://sets.example.org/nightly/2")
    follow(page.get_by_role("button", name="Save the changes"))
    main = page.locator("main")
    says(
        main,
        "At 04:15 on Sunday, Asia/Tokyo time 15 4 * * SUN",
        "2 URLs",
        "it waits for the one before",
        "7d",
    )
    follow(page.get_by_role("button", name="Pause"))
    says(main, "None while it is paused")
    follow(page.get_by_role("link", name="Delete…"))
    follow(page.get_by_role("link", name="Keep it"))
    follow(page.get_by_role("link", name="Delete…"))
    follow(page.get_by_role("button", name="Delete it"))
    page.wait_for_url("**/schedules")
    expect(page.locator("tr", has_text="nightly")).to_have_count(0)


def test_a_schedule_that_is_changed_keeps_what_its_form_does_not_say_otherwise(
    http: httpx.Client, served: Served
) -> None:
    api = f"{served.url}/api/v1/"
    asked = {"cron": "@daily", "template": "my-festival", "variables": {"number": {"from": 3, "to": 4}}, "name": "kept",
             "options": {"max_attempts": 2, "fresh_for": "3h"}, "webhook": "https://hooks.example.org/x"}  # fmt: skip
    made = httpx.post(f"{api}batch/schedule", json=asked).json()
    path = f"schedules/{made['schedule_id']}"
    form = http.get(f"/{path}/edit").text
    assert 'value="3-4"' in form
    assert '<option value="3h" selected>' in form
    fields = {"cron": "@daily", "timezone": "UTC", "overlap": "skip", "catch_up": "last", "priority": "normal", "name": "kept",
              "template": "my-festival", "var.number": "3-4", "fresh_for": "24h", "webhook": ""}  # fmt: skip
    assert send(http, f"/{path}/edit", **fields).status_code == 303
    found = httpx.get(api + path).json()
    assert (found["catch_up"], found["webhook"], found["variables"]) == (
        "last",
        None,
        {"number": {"from": 3, "to": 4}},
    )
    assert found["options"] == {"max_attempts": 2, "fresh_for": "24h"}
    assert found["next_runs"] == made["next_runs"]
    assert httpx.delete(api + path).status_code == 204


def test_a_cron_line_is_said_in_words_while_it_is_typed(look: OpenLook) -> None:
    one = look()
    page = one.goto("/schedules/new")
    page.fill("#timezone", "Asia/Tokyo")
    page.fill("#cron", "30 3 * * MON")
    one.wait("document.getElementById('when-words').innerText.startsWith('At 03:30 on Monday.')")
    says(page.locator("#when-runs li").first, "03:30 = Sun")
    page.fill("#cron", "30 3 * * <b>")
    one.wait("document.getElementById('when-words').innerText.includes('bad weekday')")
    expect(page.locator("#when b, #when-runs li")).to_have_count(0)


def test_a_dialog_asks_before_a_schedule_is_deleted(look: OpenLook) -> None:
    one = look()
    page = one.goto("/schedules/sch_00000000000000a2")
    page.get_by_role("link", name="Delete…").click()
    expect(page.locator(":focus")).to_have_text("Keep it", use_inner_text=True)
    assert not violations(page)
    page.keyboard.press("Escape")
    expect(page.locator(":focus")).to_have_text("Delete…", use_inner_text=True)
    page.get_by_role("link", name="Delete…").click()
    page.get_by_role("button", name="Keep it").click()
    page.wait_for_url("**/schedules/sch_00000000000000a2")


def test_a_schedule_says_its_runs_in_both_zones(look: OpenLook) -> None:
    context = look(locale="en-GB")
    page = context.goto("/schedules/new")
    expect(page.locator("#timezone")).to_have_value("Europe/Berlin")
    row = context.goto("/schedules").locator("tbody tr").first.inner_text()
    assert "03:30 Europe/Berlin" in row
    assert "its batch" in row


def test_a_template_is_made_tried_used_and_deleted_without_a_script(look: OpenLook) -> None:
    page = look(scripts=False).goto("/templates")
    follow(page.get_by_role("link", name="New template"))
    page.fill("#lines", "https://sets.example.org/{show}/{n}")
    page.fill("#name", "Nightly")
    follow(page.get_by_role("button", name="Show its variables"))
    says(page.locator("#made-total"), "needs a value for show, n")
    page.fill("[id='var.show']", "late")
    page.fill("[id='var.n']", "1-250")
    follow(page.get_by_role("button", name="Show what it makes"))
    expect(page.locator("#made-total")).to_have_text("250 URLs, the first 5:", use_inner_text=True)
    follow(page.get_by_role("button", name="Save the template"))
    says(page.locator("#faults"), "small letters")
    page.fill("#name", "nightly")
    page.select_option("#fresh_for", "7d")
    follow(page.get_by_role("button", name="Save the template"))
    page.wait_for_url("**/templates/nightly")
    page.fill("[id='var.n']", "7, 9")
    follow(page.get_by_role("button", name="Show the URLs"))
    expect(page.locator("#made-urls li")).to_have_text(
        [f"https://sets.example.org/late/{n}" for n in (7, 9)], use_inner_text=True
    )
    follow(page.get_by_role("link", name="Use", exact=True))
    expect(page.locator("[id='var.n']")).to_have_value("1-250")
    page.go_back()
    follow(page.get_by_role("link", name="Delete…"))
    follow(page.get_by_role("button", name="Delete it"))
    page.wait_for_url("**/templates")
    expect(page.get_by_role("link", name="nightly", exact=True)).to_have_count(0)


def test_a_template_shows_what_it_makes_while_values_are_typed(look: OpenLook) -> None:
    one = look()
    page = one.goto("/templates/my-festival")
    expect(page.locator("#made-total")).to_have_text("51 URLs, the first 5:", use_inner_text=True)
    page.fill("[id='var.number']", "3-4")
    page.fill("[id='var.event']", "<b>")
    one.wait("document.getElementById('made-total').innerText === '3 URLs'")
    expect(page.locator("#made-urls li")).to_have_count(3)
    expect(page.locator("#made-urls b")).to_have_count(0)
    page.fill("[id='var.event']", "a\u202eb")
    one.wait("!document.getElementById('made-total').innerText.startsWith('3 URLs')")
    assert "\u202e" not in page.locator("#made-total").inner_text()
    page.fill("[id='var.number']", "1-99999999")
    one.wait("document.getElementById('made-total').innerText.includes('at most 10,000')")


def test_a_changed_template_keeps_what_the_form_does_not_show(http: httpx.Client, served: Served) -> None:
    url = f"{served.url}/api/v1/templates/with-options"
    options = {"max_attempts": 2, "fresh_for": "3h"}
    assert (
        httpx.put(url, json={"urls": ["https://sets.example.org/{n}"], "options": options}).status_code == 201
    )
    assert "<option selected>3h</option>" in http.get("/templates/new?of=with-options").text
    fields = {
        "do": "save",
        "of": "with-options",
        "name": "with-options",
        "lines": "https://sets.example.org/{n}/x",
    }
    assert send(http, "/templates/new", **fields, fresh_for="24h").status_code == 303
    found = httpx.get(url).json()
    assert found["options"] == {"max_attempts": 2, "fresh_for": "24h"}
    assert found["urls"] == ["https://sets.example.org/{n}/x"]
    schedule = {
        "cron": "@daily",
        "template": "with-options",
        "variables": {"n": "1"},
        "paused": True,
        "name": "uses it",
    }
    made = httpx.post(f"{served.url}/api/v1/batch/schedule", json=schedule).json()
    assert "uses it" in http.get("/templates/with-options").text
    assert "with-options" in http.get(f"/schedules/{made['schedule_id']}").text
    assert httpx.delete(f"{served.url}/api/v1/schedules/{made['schedule_id']}").status_code == 204
    assert httpx.delete(url).status_code == 204


def test_notifications_of_all_batches_have_their_attempts(look: OpenLook, http: httpx.Client) -> None:
    page = look().goto("/notifications")
    says(page.locator("ol").first, "answered 410: <b>gone</b>")
    says(page.locator("tbody"), "mixes.example.net")
    says(page.locator("tbody"), "given up")
    follow(page.get_by_role("link", name="20261102-080000-00000007").first)
    says(page.locator("main"), "tracklist.changed")
    assert http.get("/notifications?cursor=no").status_code == 400
    follow(page.get_by_role("button", name="Send again"))
    page.wait_for_url("**?tab=deliveries")
    says(page.locator("tr", has_text="domain.blocked"), "due")
    expect(page.get_by_role("button", name="Send again")).to_have_count(0)
    assert send(http, "/notifications/msg_none", do="retry").status_code == 404
    assert send(http, "/notifications/msg_none", do="no-such").status_code == 404


ADMIN, READER = spell(b"a" * 3, b"a" * 32), spell(b"r" * 3, b"r" * 32)


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A service that needs tokens, with what people steer."""
    home = tmp_path_factory.mktemp("closed")
    seeds = Seeds(home)
    steer(seeds, "<b>\u202e", owner="ada")
    for one, user, scope in ((ADMIN, "root", "admin"), (READER, "ada", "read")):
        seeds.journal.create_token(name=one.name, digest=one.digest, user=user, scopes=[scope], now=1.0)
    seeds.journal.close()
    with serving(home) as one:
        yield one


def sign_in(one: Look, token: NewToken) -> None:
    """Sign in by the form."""
    one.goto("/sign-in")
    one.page.fill("input[name=token]", token.text)
    follow(one.page.get_by_role("button", name="Sign in"))


@pytest.mark.parametrize("width", [1280, 390])
def test_an_admin_creates_and_revokes_a_token(look: OpenLook, closed: Served, width: int) -> None:
    one = look(base=closed.url, width=width)
    sign_in(one, ADMIN)
    page = one.goto("/tokens")
    follow(page.get_by_role("button", name="Create a token"))
    expect(page.locator("#faults li")).to_have_count(1)
    page.fill("#user", "bob")
    page.select_option("#scope", "submit")
    follow(page.get_by_role("button", name="Create a token"))
    token = page.locator("#token").inner_text()
    assert not violations(page)
    headers = {"Authorization": f"Bearer {token}"}
    assert httpx.get(f"{closed.url}/api/v1/templates", headers=headers).status_code == 200
    follow(page.get_by_role("link", name="Back to the tokens"))
    assert token[-30:] not in page.content()
    says(page.locator("tr", has_text="root"), "yours, now")
    if width > 600:
        take_picture(page, "page-tokens")
    assert not violations(page)
    row = page.locator("tr", has_text=token.split("_")[1])
    row.get_by_role("link", name="Revoke…").click()
    expect(page.locator(":focus")).to_have_text("Keep it", use_inner_text=True)
    follow(page.get_by_role("button", name="Revoke it"))
    assert page.url.endswith("/tokens")
    says(row, "revoked")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_token_is_revoked_without_a_script(look: OpenLook, closed: Served) -> None:
    one = look(base=closed.url, scripts=False)
    sign_in(one, ADMIN)
    page = one.goto("/tokens")
    follow(page.locator("tr", has_text="root").get_by_role("link", name="Revoke…"))
    says(page.locator("main"), "the one that you are signed in with")
    follow(page.get_by_role("link", name="Keep it"))
    page.wait_for_url("**/tokens")
    assert (
        one.page.request.get(f"{closed.url}/tokens/no-such/revoke", headers={"Accept": "text/html"}).status
        == 404
    )


def test_a_reader_sees_the_views_without_the_actions(look: OpenLook, closed: Served) -> None:
    one = look(base=closed.url)
    sign_in(one, READER)
    for path in (
        "/domains", "/schedules", f"/schedules/{WEEKLY}", "/templates", "/templates/my-festival", "/notifications",
    ):  # fmt: skip
        page = one.goto(path)
        expect(page.locator("h1"), path).to_have_count(1)
        expect(page.locator("main form[method=post], main .actions, main dialog"), path).to_have_count(0)
    expect(page.locator("header a", has_text="Tokens")).to_have_count(0)
    for path in ("/tokens", "/schedules/new", "/templates/new", f"/schedules/{WEEKLY}/delete"):
        assert one.page.request.get(closed.url + path, headers={"Accept": "text/html"}).status == 403, path
    csrf = page.evaluate("document.documentElement.dataset.csrf")
    for path in (
        "/domains/sets.example.org",
        f"/schedules/{WEEKLY}",
        "/templates/my-festival/delete",
        "/tokens",
    ):
        answer = one.page.request.post(closed.url + path, form={"csrf": csrf, "do": "pause"})
        assert answer.status == 403, path


def test_a_form_of_another_site_changes_nothing(http: httpx.Client) -> None:
    for path in ("/domains/sets.example.org", f"/schedules/{WEEKLY}", "/tokens", "/templates/new"):
        assert http.post(path, data={"do": "pause", "user": "eve", "scope": "admin"}).status_code == 403, path


def test_a_new_service_says_what_to_do_and_its_first_token_is_shown_once(
    look: OpenLook, tmp_path: Path
) -> None:
    Seeds(tmp_path).journal.close()
    with serving(tmp_path) as new:
        one = look(base=new.url)
        for path, what in (
            ("/domains", "No domains yet"), ("/schedules", "No schedules yet"), ("/notifications", "No notifications yet"),
            ("/templates", "You have none of your own yet"), ("/tokens", "This service has no tokens yet"),
        ):  # fmt: skip
            page = one.goto(path)
            says(page.locator("main"), what)
            assert not violations(page), path
        expect(page.locator("#scope")).to_have_value("admin")
        page.fill("#user", "root")
        follow(page.get_by_role("button", name="Create a token"))
        token = page.locator("#token").inner_text()
        follow(page.get_by_role("link", name="Sign in"))
        for _ in range(100):  # a replica asks every few seconds whether tokens are needed
            if page.locator("input[name=token]").count():
                break
            page.wait_for_timeout(200)
            one.goto("/sign-in")
        page.fill("input[name=token]", token)
        follow(page.get_by_role("button", name="Sign in"))
        says(one.goto("/tokens").locator("main"), "yours, now")
