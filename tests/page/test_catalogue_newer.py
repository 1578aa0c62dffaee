"""A set and a search stand still while they are read, and say what has come since."""

from __future__ import annotations

from pathlib import Path

from browsing import OpenLook
from conftest import serving
from made_catalogue import MadeHome
from made_sets import a_set, a_track
from playwright.sync_api import expect


def add(home: Path, batch_id: str, n_rows: int, source_id: str = "s1") -> None:
    made = MadeHome(home)
    rows = [a_track(n) for n in range(1, n_rows + 1)]
    made.batch(batch_id, [a_set(*rows, source_id=source_id, title=f"Set {source_id}")])
    made.close()


def test_a_newer_version_and_a_newer_set_are_named_and_nothing_moves(look: OpenLook, tmp_path: Path) -> None:
    add(tmp_path, "b1", 2)
    with serving(tmp_path) as served:
        of_set, of_list = look(base=served.url), look(base=served.url)
        for one, path in ((of_set, "/catalogue/1001tracklists/s1"), (of_list, "/catalogue?q=set")):
            one.page.clock.install()
            one.goto(path)
            one.page.clock.fast_forward(31_000)
            one.page.wait_for_load_state("networkidle")
            assert one.page.locator("#newer").is_hidden(), "nothing is newer"
        add(tmp_path, "b2", 3)
        of_set.page.clock.fast_forward(31_000)
        of_set.page.get_by_text("A newer version of this set is here.").wait_for()
        assert of_set.page.locator("#rows tbody tr").count() == 2, "nothing moves"
        of_set.page.keyboard.press(".")
        expect(of_set.page.locator("#rows tbody tr")).to_have_count(3)
        expect(of_set.page.locator("#newer")).to_be_hidden()
        add(tmp_path, "b3", 1, "s2")
        of_list.page.clock.fast_forward(31_000)
        of_list.page.get_by_text("Newer sets are here.").wait_for()
        assert of_list.page.locator("#results [data-row]").count() == 1, "nothing moves"
        of_list.page.get_by_role("link", name="Show them").click()
        expect(of_list.page.locator("#results [data-row]")).to_have_count(2)
