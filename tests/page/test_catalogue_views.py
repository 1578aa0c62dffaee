"""The catalogue in the browser: search, a set with its timeline and versions, and where a name occurs."""

from __future__ import annotations

import json

from browsing import OpenLook, follow, says, take_picture
from playwright.sync_api import expect

from tlray.export.formats import all_formats, names


def test_a_set_is_found_and_looks_as_a_tracklist_does(look: OpenLook) -> None:
    page = look(permissions=["clipboard-read", "clipboard-write"]).goto("/catalogue")
    again = page.get_by_role("link", name="Look again")
    while again.count():  # a catalogue is read in steps of half a second
        follow(again)
    page.fill("#q", "harbour nights")
    follow(page.get_by_role("button", name="Search"))
    says(page.locator("#results"), "2 sets found")
    follow(page.get_by_role("link", name="Cleo Marchetti @ Main Stage, Harbour Nights", exact=True))
    shown = page.locator("main").inner_text()
    assert "30 rows, 27 positions, 27 identified" in shown
    assert "CC-BY-SA-3.0-US" in shown
    kinds = [mark.get_attribute("class") for mark in page.locator(".timeline a.mark").all()]
    assert {"mark minute", "mark estimate", "mark logged", "mark second"} == set(kinds)
    expect(page.locator(".timeline .gap")).to_have_count(1)
    drawn = {
        kind: page.locator(f".mark.{kind}").first.evaluate(
            "mark => [...mark.children].slice(2).map(part => part.classList[0] ?? part.textContent ?? '')"
        )
        for kind in ("second", "minute", "estimate", "logged")
    }
    assert drawn == {
        "second": ["stem"],
        "minute": ["band"],
        "estimate": ["band", "≈"],
        "logged": ["", "stem"],
    }
    labels = page.locator(".mark title").all_text_contents()
    assert labels[0] == "0:00 Lena Brandt – Low Tide"
    assert labels[12:16] == [
        "56:00 Nine Volt Choir – Salt (ID Remix)",
        "1:00 h:min Ivo Petrák – Undertow (Lena Brandt Remix)",
        "≈1:05:00 Süd – Copper Rain",
        "00:14 log Paper Comet – Cold Front",
    ]
    assert len(labels) == 26
    assert page.locator(".gap title").text_content() == "2 without a time, between 41:40 and 56:00"
    assert page.locator("figure.lane figcaption").inner_text().split() == ["0:00", "1:58:20"]
    rows = {
        n: page.locator(f"#row-{n}").inner_text().split()
        for n in (1, 11, 12, 13, 14, 15, 16, 17, 18, 28, 29, 30)
    }
    assert rows[1] == ["0:00", "1", "Lena", "Brandt", "–", "Low", "Tide", "NORTHLINE"]
    assert rows[12] == ["41:40", "w/", "Süd", "–", "Acapella", "KIN"]
    assert rows[13] == ["–", "13", "ID", "–", "ID", "?", "not", "known"]
    assert rows[14] == ["–", "14", "Glass", "Harbour", "–", "ID", "?", "not", "known"]
    words = "Salt (ID Remix) ? not known; as it stands there: Nine Volt Choir - Salt (ID Remix, white label)"
    assert words in " ".join(rows[15])
    assert rows[16][:3] == ["1:00", "h:min", "16"]
    assert rows[17][:2] == ["≈1:05:00", "17"]
    assert rows[18][:3] == ["00:14", "log", "18"]
    assert [rows[n][:2] for n in (29, 30)] == [["made", "of"], ["and", "Artist"]]
    expect(page.locator("#row-13 [title='The source gives no time']")).to_have_count(1)
    expect(page.locator("tr.heading")).to_have_text(["Second hour"], use_inner_text=True)
    expect(page.locator("#changes .revealed")).to_have_count(2)
    expect(page.locator("#changes .added")).to_have_count(4)
    page.get_by_role("button", name="Copy tracklist").click()
    page.get_by_text("Tracklist copied.").wait_for()
    copied = page.evaluate("navigator.clipboard.readText()").splitlines()
    assert copied[0] == "1. [0:00] Lena Brandt - Low Tide [NORTHLINE]"
    assert copied[11:13] == ["w/ [41:40] Süd - Acapella", "13. ID - ID"]
    assert copied[14:16] == ["", "Second hour"]
    assert {line.split("]")[0] for line in copied if "16." in line or "18." in line} == {
        "16. [1:00 h:min",
        "18. [00:14 log",
    }
    follow(page.get_by_role("link", name="Glass Harbour").first)
    says(page.locator("main"), "Artist")


def test_a_tracklist_is_copied_on_plain_http_too(look: OpenLook) -> None:
    one = look(permissions=["clipboard-read", "clipboard-write"])
    one.page.add_init_script(
        "Object.defineProperty(Navigator.prototype, 'clipboard', { get() {}, configurable: true })"
    )
    page = one.goto("/catalogue/1001tracklists/1main")
    page.get_by_role("button", name="Copy tracklist").click()
    page.get_by_text("Tracklist copied.").wait_for()
    selected = page.evaluate("getSelection().toString()")
    assert selected.splitlines()[0] == "1. [0:00] Lena Brandt - Low Tide [NORTHLINE]"


def test_a_set_and_what_a_search_finds_are_exported(look: OpenLook) -> None:
    without = look(scripts=False).goto("/catalogue/1001tracklists/1main?version=1")
    links = without.locator(".exports a").all()
    assert [link.get_attribute("href").rpartition("=")[2] for link in links] == list(names())  # type: ignore[union-attr]
    page = look(accept_downloads=True).goto("/catalogue/1001tracklists/1main?version=1")
    for at, name in ((page, "cue"), (without, "markdown")):
        at.locator("summary", has_text="Export").click()
        with at.expect_download() as download:
            at.locator(f"a[href$='version=1&format={name}']").click()
        text = download.value.path().read_text()
        assert "Lost Tape" in text
        assert "Harbour Nights" in download.value.suggested_filename
    page.goto(page.url.split("/catalogue")[0] + "/catalogue?dj=cleo&from=2026-01-01")
    page.locator("summary", has_text="Export these").click()
    with page.expect_download() as download:
        page.locator("a[href$='format=jsonl']").click()
    found = [json.loads(line) for line in download.value.path().read_text().splitlines()]
    assert len(found) == page.locator("#results [data-row]").count() > 0
    assert all("Cleo Marchetti" in one["djs"] for one in found)
    assert download.value.suggested_filename == "found.jsonl"


def test_a_row_that_was_put_in_is_the_only_change(look: OpenLook) -> None:
    page = look().goto("/catalogue/1001tracklists/4more?against=")
    kinds = [row.get_attribute("class").split()[0] for row in page.locator(".compared tbody tr").all()]  # type: ignore[union-attr]
    assert (kinds.count("added"), kinds.count("same"), len(kinds)) == (1, 8, 9)
    expect(page.locator(".chg")).to_have_text(["+ added"], use_inner_text=True)
    says(page.locator(".compared .added"), "Found Tape")


def test_a_set_whose_id_is_a_step_of_a_path_is_reached(look: OpenLook) -> None:
    one = look()
    page = one.goto("/catalogue?q=dots")
    follow(page.get_by_role("link", name="Two dots"))
    expect(page.locator("h1")).to_have_text("Two dots", use_inner_text=True)
    follow(page.get_by_role("link", name="JSON"))
    assert '"source_id":".."' in page.content().replace(" ", "")
    page.go_back()
    page.locator("#versions").wait_for()
    expect(page.locator("#rows tbody tr")).to_have_count(1)


def test_two_versions_are_one_table_that_a_link_and_back_lead_to(look: OpenLook) -> None:
    page = look().goto("/catalogue/1001tracklists/1main")
    page.locator("summary", has_text="Version 2 of 2").click()
    says(page.locator(".versions [aria-current]"), "newest")
    follow(page.get_by_role("link", name="Compare versions"))
    page.wait_for_url("**?version=2&against=1")
    take_picture(page, "page-set-versions")
    table = page.locator(".compared tbody tr")
    kinds = [row.get_attribute("class").split()[0] for row in table.all()]  # type: ignore[union-attr]
    assert (kinds.count("added"), kinds.count("removed"), kinds.count("changed"), len(kinds)) == (4, 1, 7, 31)
    removed = page.locator(".compared .removed")
    assert removed.inner_text().split() == ["−", "removed", "–", "10", "Marit", "Sol", "–", "Lost", "Tape"]
    shown = page.locator(".compared .changed .change").all_inner_texts()
    assert "? ID named, was ID – ID" in shown
    assert "◷ time corrected 20:12 → 20:00" in shown
    assert "↕ moved, was no. 14" in shown
    follow(page.get_by_role("link", name="Only the changes"))
    expect(table).to_have_count(12)
    page.go_back()
    expect(table).to_have_count(31)
    page.select_option("#version", "1")
    follow(page.get_by_role("button", name="Compare"))
    says(page.locator(".faults"), "version 1 twice")
    follow(page.locator("#versions a", has_text="v1"))
    page.get_by_text("This is version 1 of 2").wait_for()
    expect(page.locator("#rows tbody tr:not(.heading)")).to_have_count(27)
    follow(page.get_by_role("link", name="What has changed since"))
    expect(table).to_have_count(31)


def test_only_what_is_not_known_and_the_sources_of_a_merged_set_are_shown(look: OpenLook) -> None:
    page = look().goto("/catalogue/1001tracklists/1main")
    follow(page.get_by_role("link", name="Only unknown"))
    expect(page.locator("#rows tbody tr")).to_have_count(3)
    follow(page.get_by_role("link", name="All rows"))
    follow(page.get_by_role("link", name="Merge the sources"))
    expect(page.locator("#row-13 .tag")).to_have_text("mixesdb: name, labels", use_inner_text=True)
    says(page.locator("#conflicts"), "2026-05-16")
    follow(page.get_by_role("link", name="This source alone"))
    expect(page.locator(".tag")).to_have_count(0)


def test_the_row_that_plays_at_a_moment_is_marked(look: OpenLook) -> None:
    one = look()
    page = one.goto("/catalogue/1001tracklists/1main#t=500")
    one.wait("document.querySelector('tr.now')?.id === 'row-3'")
    page.evaluate("location.hash = '#t=2600'")
    one.wait("document.querySelector('tr.now')?.id === 'row-12'")


def test_the_marks_of_a_timeline_are_reached_and_named_by_keyboard(look: OpenLook) -> None:
    one = look()
    page = one.goto("/catalogue/1001tracklists/1main")
    page.locator("#copy").focus()
    for _ in range(10):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.matches('.mark')"):
            break
    named = page.locator(".named")
    expect(named).to_have_text("0:00 Lena Brandt – Low Tide", use_inner_text=True)
    for key, said in (
        ("ArrowLeft", "0:00 Lena Brandt – Low Tide"), ("ArrowRight", "4:00 Glass Harbour – Undertow (Lena Brandt Remix)"),
        ("End", "1:52:00 Ivo Petrák – Night Ferry"), ("ArrowLeft", "1:48:00 Nine Volt Choir – Salt"),
    ):  # fmt: skip
        page.keyboard.press(key)
        expect(named).to_have_text(said, use_inner_text=True)
    page.keyboard.press("Enter")
    page.wait_for_url("**#row-27")
    expect(page.locator("tr:target")).to_have_attribute("id", "row-27")
    page.locator(".mark").nth(26 - 1).focus()
    page.keyboard.press("Tab")
    assert not page.evaluate("document.activeElement.matches('.mark')"), "a lane is one stop"
    expect(named).to_have_text("", use_inner_text=True)
    page.keyboard.press("j")
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.closest('tr').id") == "row-2"


def test_what_a_format_is_for_is_not_cut(look: OpenLook) -> None:
    about = [f.about for f in all_formats()]
    for width in (1280, 320):
        page = look(width=width).goto("/catalogue/1001tracklists/1main")
        page.locator("summary", has_text="Export").click()
        expect(page.locator(".exports small")).to_have_text(about, use_inner_text=True)
        script = "all => all.filter(one => one.scrollWidth > one.clientWidth + 1).length"
        assert page.locator(".exports small").evaluate_all(script) == 0


def test_recordings_have_a_lane_each_and_a_set_without_times_has_none(look: OpenLook) -> None:
    page = look().goto("/catalogue/1001tracklists/2parts")
    expect(page.locator("figure.lane")).to_have_count(2)
    page.goto(page.url.replace("2parts", "3bare"))
    expect(page.locator("figure.lane")).to_have_count(0)
    expect(page.locator("#rows tbody tr")).to_have_count(5)


def test_a_hostile_set_changes_nothing_around_it(look: OpenLook) -> None:
    for width in (1280, 390):
        page = look(width=width).goto("/catalogue/1001tracklists/a%2Fb%3Fc%23d")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        expect(page.locator("a[href^='javascript']")).to_have_count(0)
        says(page.locator("h1"), "□gnp.exe")
        seen = []
        for visibility in ("visible", "hidden"):  # marks above and below letters end with their line
            page.locator("#row-1 .what").evaluate(f"one => {{ one.style.visibility = '{visibility}'; }}")
            seen.append(page.locator("figure.lane" if width > 600 else "#row-2").screenshot())
        assert seen[0] == seen[1]
        follow(page.get_by_role("link", name="JSON"))  # the id has a slash: relative addresses count raw ones
        assert "a/b?c#d" in page.content()


def test_what_is_wrong_with_a_search_is_said(look: OpenLook) -> None:
    one = look()
    page = one.goto("/catalogue?from=20261101&to=2026-W01-1&min_quality=7")
    expect(page.locator(".faults p")).to_have_count(4)
    page.goto(f"{one.base}/catalogue?q=**")
    says(page.locator(".faults"), "no letter and no digit")
    page.goto(f"{one.base}/catalogue?dj=cleo&cursor=xyz")
    says(page.locator(".faults"), "There is no such page")
    follow(page.get_by_role("link", name="The first page"))
    page.wait_for_url("**/catalogue?dj=cleo")
    assert [answer.status for answer in one.answers if "/catalogue?" in answer.url] == [422, 422, 400, 200]
