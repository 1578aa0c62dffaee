"""The catalogue in the browser: search, a set with its timeline and versions, and where a name occurs."""

from __future__ import annotations

from browsing import OpenLook, take_picture


def test_a_set_is_found_and_looks_as_a_tracklist_does(look: OpenLook) -> None:
    page = look().goto("/catalogue")
    while page.get_by_role(
        "link", name="Look again"
    ).count():  # a catalogue is read in steps of half a second
        page.get_by_role("link", name="Look again").click()
    page.fill("#q", "harbour nights")
    page.get_by_role("button", name="Search").click()
    assert "2 sets found" in page.locator("#results").inner_text()
    page.get_by_role("link", name="Cleo Marchetti @ Main Stage, Harbour Nights", exact=True).click()
    take_picture(page, "page-set")
    shown = page.locator("main").inner_text()
    assert "30 rows, 27 positions, 27 identified" in shown
    assert "CC-BY-SA-3.0-US" in shown
    kinds = [mark.get_attribute("class") for mark in page.locator(".timeline a.mark").all()]
    assert {"mark minute", "mark estimate", "mark logged", "mark second"} == set(kinds)
    assert page.locator(".timeline .gap").count() == 1
    assert page.locator("#row-13").inner_text().split() == ["–", "13", "ID", "–", "ID", "?", "not", "known"]
    assert page.locator("#row-16 .time").inner_text() == "1:00 h:min"
    assert page.locator("#row-18 .time").inner_text() == "00:14 log"
    assert page.locator("#changes .revealed").count() == 2
    assert page.locator("#changes .added").count() == 4
    page.get_by_role("link", name="Glass Harbour").first.click()
    assert "Artist" in page.locator("main").inner_text()


def test_two_versions_are_one_table_that_a_link_and_back_lead_to(look: OpenLook) -> None:
    page = look().goto("/catalogue/1001tracklists/1main")
    page.get_by_role("link", name="Compare versions").click()
    take_picture(page, "page-set-versions")
    assert page.url.endswith("?version=2&against=1")
    table = page.locator(".compared tbody tr")
    kinds = [row.get_attribute("class").split()[0] for row in table.all()]  # type: ignore[union-attr]
    assert (kinds.count("added"), kinds.count("removed"), kinds.count("changed"), len(kinds)) == (4, 1, 7, 31)
    removed = page.locator(".compared .removed")
    assert removed.inner_text().split() == ["−", "removed", "–", "10", "Marit", "Sol", "–", "Lost", "Tape"]
    shown = page.locator(".compared .changed .change").all_inner_texts()
    assert "? ID named, was ID – ID" in shown
    assert "◷ time corrected 20:12 → 20:00" in shown
    assert "↕ moved, was no. 14" in shown
    page.get_by_role("link", name="Only the changes").click()
    assert table.count() == 12
    page.go_back()
    assert table.count() == 31
    page.select_option("#version", "1")
    page.get_by_role("button", name="Compare").click()
    assert "version 1 twice" in page.locator(".faults").inner_text()
    page.locator("#versions a", has_text="v1").click()
    assert page.locator("#rows tbody tr:not(.heading)").count() == 27
    page.get_by_role("link", name="What has changed since").click()
    assert table.count() == 31


def test_only_what_is_not_known_and_the_sources_of_a_merged_set_are_shown(look: OpenLook) -> None:
    page = look().goto("/catalogue/1001tracklists/1main")
    page.get_by_role("link", name="Only unknown").click()
    assert page.locator("#rows tbody tr").count() == 3
    page.get_by_role("link", name="All rows").click()
    page.get_by_role("link", name="Merge the sources").click()
    assert page.locator("#row-13 .tag").inner_text() == "mixesdb: name, labels"
    assert "2026-05-16" in page.locator("#conflicts").inner_text()
    page.get_by_role("link", name="This source alone").click()
    assert page.locator(".tag").count() == 0


def test_the_row_that_plays_at_a_moment_is_marked(look: OpenLook) -> None:
    one = look()
    page = one.goto("/catalogue/1001tracklists/1main#t=500")
    one.wait("document.querySelector('tr.now')?.id === 'row-3'")
    page.evaluate("location.hash = '#t=2600'")
    one.wait("document.querySelector('tr.now')?.id === 'row-12'")


def test_recordings_have_a_lane_each_and_a_set_without_times_has_none(look: OpenLook) -> None:
    page = look().goto("/catalogue/1001tracklists/2parts")
    assert page.locator("figure.lane").count() == 2
    page.goto(page.url.replace("2parts", "3bare"))
    assert page.locator("figure.lane").count() == 0
    assert page.locator("#rows tbody tr").count() == 5


def test_a_hostile_set_changes_nothing_around_it(look: OpenLook) -> None:
    for width in (1280, 390):
        page = look(width=width).goto("/catalogue/1001tracklists/a%2Fb%3Fc%23d")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert page.locator("a[href^='javascript']").count() == 0
        assert "□gnp.exe" in page.locator("h1").inner_text()
        page.get_by_role("link", name="JSON").click()  # the id has a slash: relative addresses count raw ones
        assert "a/b?c#d" in page.content()


def test_what_is_wrong_with_a_search_is_said(look: OpenLook) -> None:
    page = look().goto("/catalogue?from=20261101&to=2026-W01-1&min_quality=7")
    assert page.locator(".faults p").count() == 3
    page.goto(page.url.split("?")[0] + "?q=**")
    assert "400" not in page.title()
