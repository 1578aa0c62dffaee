"""Every view in both themes and at two widths: accessible, within its weight, from this host alone, and without a word of script
from elsewhere; readable without scripts."""

from __future__ import annotations

import time
from html import unescape
from urllib.parse import urlsplit

import httpx
import pytest
from browsing import OpenLook, follow, says, take_picture, violations
from conftest import ALL_DEAD, HOSTILE, LARGE, PAUSED, Served
from page_words import DURATIONS, PATHS, RATES, URLS
from playwright.sync_api import expect

MAX_BYTES, MAX_JS, MAX_CSS = 150_000, 70_000, 24_000
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; manifest-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
VIEWS = {
    "batches": "/batches",
    "batches-empty": "/batches?q=nothing-has-this-name",
    "new": "/new",
    "template": "/new?template=podcast",
    "template-hostile": "/new?template=my-festival",
    "batch": f"/batches/{LARGE}",
    "batch-paused": f"/batches/{PAUSED}",
    "batch-done": f"/batches/{ALL_DEAD}",
    "batch-hostile": f"/batches/{HOSTILE}",
    "batch-lines": f"/batches/{LARGE}?tab=lines",
    "batch-options": f"/batches/{LARGE}?tab=options",
    "batch-deliveries": f"/batches/{LARGE}?tab=deliveries",
    "dead-letters": "/dead-letters",
    "dead-group": "/dead-letters?kind=gone&domain=sets.example.org",
    "domains": "/domains",
    "domains-empty": "/domains?q=nothing-has-this-name",
    "domain": "/domains/archive.example.org",
    "domain-paused": "/domains/quiet.example.com:8443",
    "catalogue": "/catalogue",
    "catalogue-found": "/catalogue?dj=cleo&from=2022-01-01",
    "catalogue-none": "/catalogue?q=nothinghasthis",
    "catalogue-faults": "/catalogue?from=yesterday&min_quality=2",
    "set": "/catalogue/1001tracklists/1main",
    "set-versions": "/catalogue/1001tracklists/1main?against=",
    "set-no-version": "/catalogue/1001tracklists/1main?version=9",
    "set-merged": "/catalogue/1001tracklists/1main?merged=true",
    "set-hostile": "/catalogue/1001tracklists/a%2Fb%3Fc%23d",
    "set-parts": "/catalogue/1001tracklists/2parts",
    "set-bare": "/catalogue/1001tracklists/3bare",
    "dj": "/dj/Cleo%20Marchetti",
    "artist": "/artist/Paper%20Comet",
    "label": "/label/HARBOUR",
    "track": "/track/Lena%20Brandt%20-%20Low%20Tide",
    "schedules": "/schedules",
    "schedule": "/schedules/sch_00000000000000a1",
    "schedule-paused": "/schedules/sch_00000000000000a2",
    "schedule-new": "/schedules/new",
    "schedule-template": "/schedules/new?template=my-festival",
    "schedule-refresh": "/schedules/new?source=refresh",
    "templates": "/templates",
    "template-own": "/templates/my-festival",
    "template-built-in": "/templates/podcast",
    "template-new": "/templates/new?of=podcast",
    "notifications": "/notifications",
    "tokens-empty": "/tokens",
    "missing": "/batches/no-such-batch",
}


PICTURES = {
    "batches": "page-batches",
    "dead-group": "page-dead-letters",
    "domains": "page-domains",
    "domain": "page-domain",
    "schedules": "page-schedules",
    "schedule": "page-schedule",
    "templates": "page-templates",
    "template-own": "page-template",
    "notifications": "page-notifications",
    "catalogue-found": "page-catalogue",
    "set": "page-set",
    "dj": "page-name",
    "item": "page-item",
}
"""Of the documentation, in the light theme."""
ONE_OF_A_KIND = {*PICTURES, "batch", "new", "schedule-new", "template-new"}
"""Views that axe looks at on a phone, too; at the others in slow runs. Documents and most of the layout are the same there."""
STATES_WITHOUT_WORDS = """[...document.querySelectorAll(".state")].filter(
    state => state.checkVisibility() && !(state.querySelector("use") && /\\w/.test(state.innerText))).length"""


@pytest.mark.parametrize(
    ("width", "examined"),
    [(1280, "all"), (390, "one of a kind"), pytest.param(390, "all", marks=pytest.mark.slow)],
)
def test_every_view_is_accessible_in_both_themes_and_comes_from_here(
    look: OpenLook, width: int, examined: str
) -> None:
    one = look(width=width)
    (item,) = httpx.get(f"{one.base}/api/v1/batch/{ALL_DEAD}/items?limit=1").json()["items"]
    for name, path in {**VIEWS, "item": f"/batches/{ALL_DEAD}/items/{item['item_id']}"}.items():
        one.answers.clear()
        page = one.goto(path)
        if "batch" in name and "tab=" not in path and path.startswith("/batches/2"):
            one.wait("document.querySelector('.live-table')")
        if name in PICTURES:
            take_picture(page, PICTURES[name] + ("" if width > 600 else "-phone"))
        if examined == "all" or name in ONE_OF_A_KIND:
            wrong = violations(page)
            assert not wrong, f"{name} {width}:\n" + "\n".join(wrong)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (
            f"{name} scrolls sideways at {width}"
        )
        if width < 600:  # 400 % zoom of a wide window
            page.set_viewport_size({"width": 320, "height": 844})
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (
                f"{name} scrolls at 320"
            )
            page.set_viewport_size({"width": width, "height": 844})
        assert page.evaluate(STATES_WITHOUT_WORDS) == 0, f"{name}: a state by its colour alone"
        assert page.evaluate("document.getAnimations().length") == 0, f"{name} moves"
        assert {urlsplit(answer.url).netloc for answer in one.answers} == {urlsplit(one.base).netloc}


def test_a_view_is_within_its_weight(served: Served) -> None:
    known: dict[str, int] = {}
    with httpx.Client(base_url=served.url, headers={"Accept": "text/html"}) as http:
        for name, path in VIEWS.items():
            html = http.get(path)
            assert html.headers["content-security-policy"] == CSP
            files = {part.split('"')[0].partition("#")[0] for part in html.text.split("static/")[1:]}
            for file in files - set(known):
                known[file] = len(http.get(f"/static/{file}").content)
            scripts = sum(known[file] for file in files if file.endswith(".js"))
            styles = sum(known[file] for file in files if file.endswith(".css"))
            assert scripts < MAX_JS, (name, known)
            assert styles < MAX_CSS, (name, known)
            assert len(html.content) + sum(known[file] for file in files) < MAX_BYTES, (
                name,
                len(html.content),
                known,
            )


@pytest.mark.parametrize(
    ("path", "status", "ways"),
    [
        ("/batches?cursor=xyz", 400, ["./batches"]),
        ("/batches?state=dead&q=a&cursor=xyz", 400, ["./batches?state=dead&q=a", "./batches"]),
        (f"/batches/{LARGE}?state=dead&cursor=xyz", 400, [f"./{LARGE}?state=dead", f"./{LARGE}"]),
        (f"/batches/{LARGE}?tab=lines&cursor=xyz", 400, [f"./{LARGE}?tab=lines", f"./{LARGE}"]),
        ("/dead-letters?kind=gone&domain=x&cursor=x", 200, []),
        ("/dead-letters?kind=gone&domain=sets.example.org&cursor=x", 400, ["./dead-letters"]),
        ("/dead-letters?batch=no-such", 404, ["./dead-letters"]),
        ("/notifications?cursor=x", 400, ["./notifications"]),
        ("/catalogue/1001tracklists/1main?changes=x", 400, ["./1main"]),
        ("/catalogue/1001tracklists/a%2Fb%3Fc%23d?changes=x", 400, ["./a%2Fb%3Fc%23d"]),
        ("/catalogue?cursor=x&dj=cleo", 400, ["./catalogue?dj=cleo", "./catalogue"]),
        ("/domains?state=x&cursor=x", 400, ["./domains?state=x", "./domains"]),
        ("/batches?state=no-such&owner=nobody", 200, []),
        (f"/batches/{LARGE}?state=x&line=-1&tab=x&item=x&domain=%00", 200, []),
        ("/schedules?cursor=x", 200, []),
        ("/templates?cursor=x", 200, []),
        ("/new?template=no-such", 200, []),
        ("/schedules/new?template=no-such&source=x", 200, []),
        ("/catalogue/1001tracklists/1main?version=x", 404, []),
        ("/catalogue/1001tracklists/1main?only=x&merged=x", 200, []),
        ("/dj/Cleo%20Marchetti?cursor=x", 200, []),
    ],
)  # fmt: skip
def test_a_value_in_an_address_that_is_not_valid_has_a_way_back(
    served: Served, path: str, status: int, ways: list[str]
) -> None:
    with httpx.Client(base_url=served.url, headers={"Accept": "text/html"}) as http:
        while "being read into the catalogue" in (answer := http.get(path)).text:
            time.sleep(0.2)
        assert (answer.status_code, answer.headers["content-type"][:9]) == (status, "text/html"), answer.text
        main = unescape(answer.text.partition("<main")[2])
        assert "Bad Request" not in main
        for way in ways:
            assert f'href="{way}"' in main, way
            back = http.get(str(answer.url.join(way)))
            assert back.status_code == 200, way


def test_files_are_kept_for_ever_under_their_hash(served: Served) -> None:
    html = httpx.get(f"{served.url}/batches").text
    hash_ = html.split("static/")[1].split("/")[0]
    now = httpx.get(f"{served.url}/static/{hash_}/page.js")
    assert (now.status_code, "immutable" in now.headers["cache-control"]) == (200, True)
    assert not [line for line in now.text.splitlines() if line.startswith(("//", "/**", " "))]
    older = httpx.get(f"{served.url}/static/000000000000/page.js")
    assert (older.status_code, older.headers["cache-control"]) == (200, "no-cache")
    for name in ("no-such.js", "../base.html", "%2e%2e%2fbase.html"):
        assert httpx.get(f"{served.url}/static/{hash_}/{name}").status_code == 404


def test_without_scripts_a_batch_is_readable(look: OpenLook) -> None:
    page = look(scripts=False).goto(f"/batches/{LARGE}")
    expect(page.locator("#rows tr")).to_have_count(50)
    assert page.locator("svg.bar rect.done").get_attribute("width") != "0%"
    says(page.locator("#counts"), "10,000")
    follow(page.get_by_role("link", name="Next items"))
    expect(page.locator("#rows tr td").first).to_have_text("51", use_inner_text=True)


def test_without_scripts_a_batch_is_paused_resumed_and_kept_from_being_cancelled(look: OpenLook) -> None:
    one = look(scripts=False)
    page = one.goto(f"/batches/{PAUSED}")
    follow(page.get_by_role("button", name="Resume").first)
    assert one.status(PAUSED)["state"] == "running"
    follow(page.get_by_role("button", name="Cancel…"))
    assert one.status(PAUSED)["state"] == "paused"
    follow(page.get_by_role("button", name="Go on with it"))
    assert one.status(PAUSED)["state"] == "running"
    follow(page.get_by_role("button", name="Pause").first)
    assert one.status(PAUSED)["state"] == "paused"


def test_without_scripts_a_list_is_checked_and_sent(look: OpenLook) -> None:
    page = look(scripts=False).goto("/new")
    page.fill(
        "#lines",
        "# mine\nhttps://sets.example.org/x1\n\nftp://no\nhttps://sets.example.org/x1\nhttps://sets.example.org/x2\n",
    )
    follow(page.get_by_role("button", name="Check"))
    says(page.locator("#result"), "2 sets on 1 site")
    says(page.locator("#result"), "Line 4 is left out")
    follow(page.get_by_role("button", name="Start 2 sets"))
    page.wait_for_url("**/batches/*")
    says(page.locator("#counts"), "0 of 2 done")
    follow(page.get_by_role("button", name="Cancel…"))
    follow(page.get_by_role("button", name="Cancel it"))
    follow(page.get_by_role("link", name="New batch from"))
    expect(page.locator("#lines")).to_have_value("https://sets.example.org/x1\nhttps://sets.example.org/x2\n")


def test_a_list_is_checked_while_it_is_typed(look: OpenLook) -> None:
    one = look()
    page = one.goto("/new")
    urls = [
        f"https://{host}/tracklist/{n}/someone-at-sunrise.html"
        for host in ("sets.example.org", "mixes.example.net")
        for n in range(8)
    ]
    page.fill("#lines", "\n".join([*urls, urls[0], "ftp://archive.example.org/set.html"]))
    one.wait("document.getElementById('start').innerText === 'Start 16 sets'")
    says(page.locator("#result"), "1 duplicate and 1 bad line are left out")
    page.locator("summary", has_text="Options").click()
    take_picture(page, "page-new")
    page.fill("#cron", "every day")
    page.locator("#check").click()
    one.wait("document.getElementById('faults').innerText.includes('cron')")
    page.fill("#not_before", "2020-01-01T10:00")
    page.locator("#start").click()
    one.wait("document.getElementById('faults').innerText.includes('empty one of the two')")
    page.fill("#not_before", "")
    page.locator("#start").click()
    one.wait("document.getElementById('faults').innerText.includes('every day')")
    expect(page.locator("#faults")).to_be_focused()
    page.locator("#faults a").first.click()
    expect(page.locator("#cron")).to_be_focused()
    assert not violations(page)


def test_files_are_looked_into_before_they_are_sent(look: OpenLook) -> None:
    one = look()
    page = one.goto("/new")
    sheet = b'TITLE "Set"\nFILE "a.mp3" MP3\n  TRACK 01 AUDIO\n    TITLE "One"\n    INDEX 01 00:00:00\n'
    files = [
        ("a.cue", sheet),
        ("b.cue", sheet + b"\n"),
        ("cover <b>.jpg", b"\xff\xd8\xff" * 99),
        ("old.zip", b"PK\x03\x04\x00"),
    ]
    page.locator("#pick").set_input_files(
        [{"name": name, "mimeType": "application/octet-stream", "buffer": body} for name, body in files]
    )
    one.wait("document.getElementById('result').innerText.includes('2 files cannot be read')")
    told = page.locator("#result").inner_text()
    assert "2 × CUE sheet" in told
    assert "old.zip is refused" in told
    assert "cover <b>.jpg is of no kind" in told
    expect(page.locator("#start")).to_have_text("Import 3 files", use_inner_text=True)
    assert "Without effect" not in told
    page.locator("summary", has_text="Options").click()
    page.fill("#cron", "30 3 * * MON")
    page.select_option("#fresh_for", "0")
    one.wait("document.getElementById('result').innerText.includes('Without effect')")
    says(page.locator("#result"), "Without effect on them: Use results again up to, Repeat (cron).")
    expect(page.locator("#for-files")).to_be_visible()
    assert not violations(page)
    for name in ("cover <b>.jpg", "old.zip"):
        page.get_by_role("button", name=f"Leave out {name}").click()
    one.wait("document.getElementById('start').innerText === 'Import 2 files'")
    page.locator("#start").click()
    page.wait_for_url("**/batches/*")
    says(page.locator("#counts"), "of 2 done")


def test_a_list_in_pieces_has_the_options_of_the_form(look: OpenLook) -> None:
    one = look()
    page = one.goto("/new")
    lines = "\n".join(f"https://sets.example.org/long/{n}" for n in range(10_050))
    page.locator("#pick").set_input_files(
        [{"name": "list.txt", "mimeType": "text/plain", "buffer": lines.encode()}]
    )
    one.wait("document.getElementById('start').innerText === 'Start 10,050 sets'")
    page.locator("summary", has_text="Options").click()
    page.fill("#cron", "30 3 * * MON")
    one.wait("document.getElementById('start').hidden")
    says(page.locator("#result"), "A schedule has at most 10,000 lines")
    page.fill("#cron", "")
    page.fill("#name", "in pieces")
    page.fill("#not_before", "2027-01-01T10:00")
    one.wait("!document.getElementById('start').hidden")
    full = '{"status": 429, "title": "Too Many Requests", "detail": "too much is open here"}'
    page.route(
        "**/append?*", lambda route: route.fulfill(status=429, content_type="application/json", body=full)
    )
    page.locator("#start").click()
    page.get_by_role("button", name="Stop trying").wait_for()
    says(page.locator(".toast"), "too much is open here. Your list is safe here; next try in ")
    page.get_by_role("button", name="Stop trying").click()
    page.unroute("**/append?*")
    one.wait("!document.querySelector('.toast') && !document.getElementById('start').disabled")
    page.locator("#start").click()
    page.wait_for_url("**/batches/*")
    status = one.status(page.url.rpartition("/")[2])
    assert (status["name"], status["state"], status["total"]) == ("in pieces", "scheduled", 10_050)


def test_text_from_elsewhere_changes_nothing_around_it(look: OpenLook) -> None:
    for width in (1280, 390):
        page = look(width=width).goto("/batches")
        row = page.locator("tr", has_text="onerror")
        expect(row).to_have_count(1)
        says(row, "□gnp.exe")
        assert page.locator("img").count() == 0
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        heights = [box["height"] for at in page.locator("#list tbody tr").all() if (box := at.bounding_box())]
        assert max(heights) - min(heights) < 60


def test_on_a_phone_nothing_is_cut_or_out_of_reach(look: OpenLook) -> None:
    one = look(width=390)
    page = one.goto(f"/batches/{ALL_DEAD}")
    one.wait("document.querySelector('.live-table')")
    expect(page.locator(".footbar"), "an empty bar over the filters").to_be_hidden()
    page.locator("#actions .menu summary").first.click()
    box = page.locator(".exports").bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    page = one.goto(f"/batches/{LARGE}?tab=options")
    tab = page.locator(".tabs [aria-current]").bounding_box()
    assert tab is not None
    assert tab["x"] + tab["width"] <= 390, "the open tab is out of sight"
    page = one.goto("/dead-letters?kind=gone&domain=sets.example.org")
    follow(page.get_by_role("link", name="All groups"))
    expect(page.locator(".group").first).to_be_visible()


def test_a_list_outlives_a_look_at_the_templates(look: OpenLook) -> None:
    one = look()
    page = one.goto("/new")
    page.fill("#lines", "https://sets.example.org/kept")
    follow(page.get_by_role("link", name="Template", exact=True))
    follow(page.get_by_role("link", name="Paste"))
    expect(page.locator("#lines")).to_have_value("https://sets.example.org/kept")
    one.goto("/new")
    assert page.locator("#lines").input_value() == ""


def test_the_script_words_things_as_the_server_does(look: OpenLook) -> None:
    page = look().goto("/batches")
    found = page.evaluate(
        """async ([rates, durations, urls, paths]) => {
            const text = await import(document.querySelector("script[src$='page.js']").src.replace("page.js", "text.js"));
            return [rates.map(text.rate), durations.map(text.duration), urls.map(text.urlParts), paths.map(text.cutPath),
                text.percent(999999, 1e6),
                text.percent(1, 1000), text.safe("a\\u202eb"), text.webAddress("javascript:1"), text.number(1e6),
                text.safeLines("a\\r\\n\\tb\\u0007")];
        }""",
        [list(RATES), list(DURATIONS), list(URLS), list(PATHS)],
    )
    assert found[0] == list(RATES.values())
    assert found[1] == list(DURATIONS.values())
    assert [tuple(parts) for parts in found[2]] == list(URLS.values())
    assert [tuple(parts) for parts in found[3]] == list(PATHS.values())
    assert found[4:] == ["99 %", "<1 %", "a□b", None, "1,000,000", "a\n    b□"]


def test_a_rate_has_a_curve_once_there_are_points_enough(look: OpenLook) -> None:
    page = look().goto(f"/batches/{LARGE}")
    curve = page.locator("#spark")
    draw = """async (points) => {
        const {draw} = await import(document.querySelector("script[src$='batch.js']").src.replace("batch.js", "spark.js"));
        draw(document.getElementById("spark"), points, points.at(-1));
    }"""
    page.evaluate(draw, [None, None, 30, 60, 120])
    expect(curve).to_be_hidden()
    page.evaluate(draw, [None, 30, 60, 120, 60])
    expect(curve).to_be_visible()
    expect(curve).to_have_attribute("aria-label", "Rate of the last 1 minute, now 60/min; at most 2/s")
    expect(curve.locator(".line")).to_have_attribute("d", "M0 17.5L1 12.0L2 1.0L3 12.0")


@pytest.mark.parametrize(
    ("path", "fields", "status"),
    [
        ("/dead-letters/retry", {}, 422),
        ("/dead-letters/retry", {"kind": "gone", "domain": "no.such", "seen": "x"}, 303),
        ("/dead-letters/retry", {"kind": "gone", "batch": LARGE}, 422),
        ("/dead-letters/retry", {"batch": LARGE, "item": "x"}, 422),
        ("/dead-letters/retry", {"batch": "no-such", "item": "1"}, 404),
        ("/dead-letters/retry", {"marked": "no-such/1"}, 404),
        ("/dead-letters/retry", {"marked": f"{LARGE}/x"}, 422),
        ("/dead-letters/retry", {"marked": LARGE}, 422),
        ("/dead-letters/retry", {"all": "all", "batch": "no-such"}, 404),
        (f"/batches/{ALL_DEAD}/retry-dead", {"kind": "gone"}, 422),
        (f"/batches/{LARGE}/no-such-action", {}, 404),
        ("/batches/no-such/pause", {}, 404),
        (f"/batches/{ALL_DEAD}/pause", {}, 409),
        ("/new", {"do": "start", "lines": ""}, 422),
        ("/new", {"do": "start", "lines": "https://sets.example.org/1", "not_before": "soon"}, 422),
        ("/new", {"do": "start", "lines": "https://sets.example.org/1", "priority": "high"}, 422),
        ("/new", {"do": "start", "lines": "https://sets.example.org/1", "name": "a\x07b"}, 422),
        ("/new", {"do": "start", "template": "no-such"}, 422),
        ("/new", {"do": "start", "template": "podcast"}, 422),
        ("/new", {"do": "start", "lines": "https://sets.example.org/1", "cron": "* * *"}, 422),
        ("/new", {"do": "check", "lines": "https://sets.example.org/1\n" * 10_001}, 422),
        ("/new", {"do": "open", "cron": "30 3 * * MON"}, 422),
        ("/new", {"do": "open", "not_before": "soon"}, 422),
        ("/new", {"do": "start", "lines": "https://a.example.org/", "cron": "1 3 * * 1", "not_before": "2030-01-01T00:00"}, 422),
    ],
)  # fmt: skip
def test_what_a_form_says_wrongly_is_named_on_a_page(
    served: Served, path: str, fields: dict[str, str], status: int
) -> None:
    with httpx.Client(base_url=served.url, headers={"Accept": "text/html"}) as http:
        csrf = http.get("/batches").text.split('data-csrf="')[1].split('"')[0]
        answer = http.post(path, data={"csrf": csrf, **fields})
    assert (answer.status_code, answer.headers.get("content-type", "text/html")[:9]) == (status, "text/html")
    assert "Traceback" not in answer.text
