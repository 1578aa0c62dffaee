"""What people steer on the page: domains, schedules, templates, notifications, tokens; also without a script."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from browsing import OpenLook
from conftest import Served


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
    assert "1 every 8 s" in row.inner_text()
    row.get_by_role("button", name="Resume").click()
    assert "nothing to do" in page.locator("tr", has_text="quiet.example.com").inner_text()
    page.get_by_role("link", name="Set the rate of quiet.example.com:8443").click()
    for text, what in (
        ("fast", "is not of the form"),
        ("auto", "is not of the form"),
        ("2/s:5", "is not of the form"),
    ):
        page.fill("#rate", text)
        page.get_by_role("button", name="Set the rate").click()
        assert what in page.locator("#faults").inner_text()
    page.fill("#rate", "1/4s")
    page.fill("#concurrency", "2")
    page.get_by_role("button", name="Set the rate").click()
    assert (page.input_value("#rate"), page.input_value("#concurrency")) == ("15/m", "2")
    page.get_by_role("button", name="Pause").click()
    assert "Paused by an admin" in page.locator(".note").inner_text()
    page.fill("#rate", "1/8s")
    page.fill("#concurrency", "1")
    page.get_by_role("button", name="Set the rate").click()
    assert page.input_value("#rate") == "1/8s"


def test_a_domain_says_why_it_rests_and_what_its_robots_txt_says(look: OpenLook) -> None:
    page = look().goto("/domains/archive.example.org")
    assert (
        "It rests: too many requests (429). Its 1,284 items go on by themselves, at"
        in page.locator(".note").inner_text()
    )
    assert "# <script>alert(1)</script> □gnp" in page.locator("pre").inner_text()
    page.get_by_role("link", name="closing sets of November").click()
    assert page.url.endswith("?domain=archive.example.org")


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
    page.get_by_role("link", name="New schedule").click()
    page.fill("#cron", "every day")
    page.fill("#lines", "https://sets.example.org/nightly/1\nftp://no\n")
    page.get_by_role("button", name="Create the schedule").click()
    assert "cron" in page.locator("#faults").inner_text()
    page.fill("#name", "nightly")
    page.fill("#cron", "5 2 * * *")
    page.fill("#timezone", "Asia/Tokyo")
    page.locator("summary", has_text="Options").click()
    page.select_option("#overlap", "queue")
    page.select_option("#fresh_for", "7d")
    page.get_by_role("button", name="Create the schedule").click()
    assert "1 line of its list is left out" in page.locator(".notes").inner_text()
    first = page.locator("table tbody tr").first
    assert page.locator("table tbody tr").count() == 5
    assert "02:05" in first.locator("td").nth(0).inner_text()
    assert "17:05" in first.locator("td").nth(1).inner_text()  # UTC, without a script
    assert "it waits for the one before" in page.locator("main").inner_text()
    page.get_by_role("button", name="Run now").click()
    page.get_by_role("link", name="its last batch").click()
    assert "/batches/2" in page.url
    page.go_back()
    page.get_by_role("button", name="Pause").click()
    assert "None while it is paused" in page.locator("main").inner_text()
    page.get_by_role("link", name="Delete…").click()
    page.get_by_role("link", name="Keep it").click()
    page.get_by_role("link", name="Delete…").click()
    page.get_by_role("button", name="Delete it").click()
    assert page.url.endswith("/schedules")
    assert page.locator("tr", has_text="nightly").count() == 0


def test_a_dialog_asks_before_a_schedule_is_deleted(look: OpenLook) -> None:
    one = look()
    page = one.goto("/schedules/sch_00000000000000a2")
    page.get_by_role("link", name="Delete…").click()
    assert page.evaluate("document.activeElement.innerText") == "Keep it"
    assert not Axe().run(page).response["violations"]
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.innerText") == "Delete…"
    page.get_by_role("link", name="Delete…").click()
    page.get_by_role("button", name="Keep it").click()
    assert page.url.endswith("/schedules/sch_00000000000000a2")


def test_a_schedule_says_its_runs_in_both_zones(look: OpenLook) -> None:
    context = look(locale="en-GB")
    page = context.goto("/schedules/new")
    assert page.input_value("#timezone") == "Europe/Berlin"
    row = context.goto("/schedules").locator("tbody tr").first.inner_text()
    assert "03:30 Europe/Berlin" in row
    assert "its batch" in row
