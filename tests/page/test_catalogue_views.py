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
    assert "1 set found" in page.locator("#results").inner_text()
    page.get_by_role("link", name="Cleo Marchetti @ Main Stage, Harbour Nights").click()
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
    assert page.locator(".changes .revealed").count() == 2
    assert page.locator(".changes .added").count() == 4
    page.get_by_role("link", name="Glass Harbour").first.click()
    assert "Artist" in page.locator("main").inner_text()


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
