"""The session of a browser: a token in a cookie that no script reads and no other site uses; and what a reader may not do."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from browsing import OpenLook, follow, says, violations
from conftest import Served, serving
from page_seeds import Seeds

from tlray.core.access.tokens import NewToken, spell

HERS, HIS = "20261128-100000-0000000a", "20261128-100000-0000000b"


def token(mark: bytes) -> NewToken:
    return spell(mark * 3, mark * 32)


ADA, BOB, READER = token(b"a"), token(b"b"), token(b"r")


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A service that needs tokens, with a batch of each of two users."""
    home = tmp_path_factory.mktemp("closed")
    seeds = Seeds(home)
    seeds.batch(HERS, "hers", 30, n_done=10, n_dead=2, owner="ada")
    seeds.batch(HIS, "his", 30, n_done=10, owner="bob")
    for one, user, scope in ((ADA, "ada", "submit"), (BOB, "bob", "submit"), (READER, "ada", "read")):
        seeds.journal.create_token(name=one.name, digest=one.digest, user=user, scopes=[scope], now=1.0)
    seeds.journal.close()
    with serving(home) as one:
        yield one


@pytest.fixture
def http(closed: Served) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=closed.url, headers={"Accept": "text/html"}) as client:
        yield client


def signed_in(http: httpx.Client, one: NewToken) -> str:
    """Sign in; return the CSRF token of the session."""
    form = http.get("/sign-in").text
    answer = http.post("/sign-in", data={"token": one.text, "csrf": csrf_in(form)})
    assert answer.status_code == 303, answer.text
    return csrf_in(http.get("/batches").text)


def csrf_in(html: str) -> str:
    return html.split('data-csrf="')[1].split('"', maxsplit=1)[0]


def test_a_person_signs_in_and_comes_where_they_wanted_to_go(look: OpenLook, closed: Served) -> None:
    one = look(base=closed.url)
    page = one.goto(f"/batches/{HERS}?state=dead")
    assert "/sign-in?next=" in page.url
    says(page.locator("main"), "You are signed out")
    assert not violations(page)
    page.fill("#token", BOB.text[:-1] + "X")
    page.keyboard.press("Enter")
    says(page.locator(".faults"), "not known here")
    assert not violations(page)
    page.fill("#token", ADA.text)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/batches/{HERS}?state=dead")
    assert page.evaluate("document.cookie") == "", "no script reads it"
    (cookie,) = [one for one in page.context.cookies() if "session" in one["name"]]
    assert (cookie["httpOnly"], cookie["sameSite"], cookie["secure"]) == (True, "Strict", False)
    one.wait("document.getElementById('covered').innerText.startsWith('2 matching')")

    assert page.goto(f"{one.base}/batches/{HIS}").status == 404  # type: ignore[union-attr]
    page.goto(one.base)
    page.get_by_label("More").click()
    follow(page.get_by_role("button", name="Sign out"))
    page.wait_for_url("**/sign-in")
    assert page.goto(f"{one.base}/batches").url.endswith("sign-in?next=batches")  # type: ignore[union-attr]


def test_a_reader_sees_no_actions(look: OpenLook, closed: Served, http: httpx.Client) -> None:
    signed_in(http, READER)
    for path in ("/batches", f"/batches/{HERS}", "/dead-letters"):
        html = http.get(path).text
        assert not {">Pause<", ">Retry<", ">New batch<", "Cancel…"} & {
            part for part in (">Pause<", ">Retry<", ">New batch<", "Cancel…") if part in html
        }
    assert http.get("/new").status_code == 403
    assert "You may not do that" in http.get("/new").text


def test_a_change_by_the_cookie_needs_the_token_of_the_page(http: httpx.Client) -> None:
    csrf = signed_in(http, ADA)
    pause = f"/api/v1/batch/{HERS}/pause"
    assert http.get(f"/api/v1/batch/{HERS}/status").status_code == 200
    assert http.get(f"/api/v1/batch/{HIS}/status").status_code == 404
    assert http.post(pause).status_code == 403
    assert http.post(pause, headers={"X-Tlray-CSRF": csrf[:-1]}).status_code == 403
    assert http.post(pause, headers={"X-Tlray-CSRF": "☃".encode()}).status_code == 403
    assert http.post(f"/batches/{HERS}/pause", data={"csrf": "wrong"}).status_code == 403
    assert http.post(f"/batches/{HERS}/pause").status_code == 403
    assert http.post(f"/batches/{HIS}/pause", data={"csrf": csrf}).status_code == 404
    assert http.post(pause, headers={"X-Tlray-CSRF": csrf}).json()["state"] == "paused"
    assert http.post(f"/batches/{HERS}/resume", data={"csrf": csrf}).status_code == 303
    assert http.get(f"/api/v1/batch/{HERS}/status").json()["state"] == "running"


def test_behind_https_the_cookie_is_for_https_alone(http: httpx.Client) -> None:
    forwarded = {"X-Forwarded-Proto": "https"}
    csrf = csrf_in(http.get("/sign-in", headers=forwarded).text)
    seed = next(cookie for cookie in http.cookies.jar if "page" in cookie.name)
    assert seed.secure
    headers = {**forwarded, "Cookie": f"{seed.name}={seed.value}"}
    answer = http.post("/sign-in", data={"token": ADA.text, "csrf": csrf}, headers=headers)
    assert "secure" in answer.headers["set-cookie"].lower()


def test_another_site_changes_nothing(http: httpx.Client) -> None:
    csrf = signed_in(http, ADA)
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}):
        answer = http.post(f"/batches/{HERS}/pause", data={"csrf": csrf}, headers=headers)
        assert answer.status_code == 403, headers
    assert http.get(f"/api/v1/batch/{HERS}/status").json()["state"] == "running"


def test_a_link_from_another_site_loads_itself_again_before_it_asks_for_a_token(closed: Served) -> None:
    headers = {"Accept": "text/html", "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    answer = httpx.get(f"{closed.url}/batches/{HERS}", headers=headers)
    assert (answer.status_code, answer.headers["refresh"]) == (200, "0")
    again = httpx.get(
        f"{closed.url}/batches/{HERS}", headers={"Accept": "text/html", "Sec-Fetch-Site": "same-origin"}
    )
    assert again.headers["location"] == f"../sign-in?next=batches%2F{HERS}"


def test_an_address_with_any_name_in_it_comes_back_from_the_sign_in(http: httpx.Client) -> None:
    for path in ("dj/a%3Fb%23c%25%F0%9F%98%80", "catalogue/x%3Ay/a/b%3Fc?version=1"):
        location = http.get(f"/{path}").headers["location"]
        back = httpx.URL("http://a.test/x/y/").join(location).params["next"]
        csrf = csrf_in(http.get("/sign-in").text)
        answer = http.post("/sign-in", data={"token": ADA.text, "csrf": csrf, "next": back})
        assert (back, answer.headers["location"]) == (path, f"./{path}")
        http.cookies.clear()


@pytest.mark.parametrize(
    "back", ["//evil.example", "https://evil.example", "\\evil.example", "javascript:alert(1)", "a\nb"]
)
def test_a_sign_in_leads_nowhere_else(http: httpx.Client, back: str) -> None:
    csrf = csrf_in(http.get("/sign-in").text)
    answer = http.post("/sign-in", data={"token": ADA.text, "csrf": csrf, "next": back})
    assert (answer.status_code, answer.headers["location"]) == (303, "./")


def test_programs_are_told_of_a_missing_token_as_before(closed: Served) -> None:
    answer = httpx.get(f"{closed.url}/api/v1/batch", headers={"Accept": "text/html"})
    assert (answer.status_code, answer.headers["content-type"]) == (401, "application/problem+json")
    both = httpx.get(
        f"{closed.url}/api/v1/batch",
        headers={"Authorization": f"Bearer {ADA.text}", "Cookie": "tlray-session=x"},
    )
    assert both.status_code == 200


def test_the_cookie_of_another_service_is_no_trouble_where_no_token_is_needed(served: Served) -> None:
    port = served.url.rpartition(":")[2]
    answer = httpx.get(f"{served.url}/batches", headers={"Cookie": f"tlray-session-{port}={ADA.text}"})
    assert answer.status_code == 200


def test_a_theme_is_kept_and_painted_first(look: OpenLook) -> None:
    one = look()
    page = one.goto("/batches?state=running")
    page.get_by_label("More").click()
    follow(page.get_by_role("button", name="Dark"))
    assert page.url.endswith("/batches?state=running")
    assert 'data-theme="dark"' in page.content()
    assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgb(19, 21, 20)"
    page.get_by_label("More").click()
    follow(page.get_by_role("button", name="Compact rows"))
    assert page.url.endswith("/batches?state=running")
    assert "--row: 28px" in page.evaluate(
        "`--row: ${getComputedStyle(document.documentElement).getPropertyValue('--row').trim()}`"
    )
    assert 'data-theme="dark"' in page.content()
