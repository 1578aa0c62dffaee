"""What people steer on the page: domains, schedules, templates, notifications, tokens; also without a script."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
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
