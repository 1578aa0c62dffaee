"""A new batch of more than one field or one request takes: lists of megabytes, files beyond the limit of a body."""

from __future__ import annotations

from pathlib import Path

from browsing import Held, OpenLook, follow, says, violations
from conftest import serving
from page_seeds import Seeds
from playwright.sync_api import expect

PASTE = """(text) => {
    const data = new DataTransfer();
    data.setData("text/plain", text);
    const event = new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true});
    return document.getElementById("lines").dispatchEvent(event);
}"""
SHEET = 'TITLE "{}"\nFILE "a.mp3" MP3\n  TRACK 01 AUDIO\n    TITLE "One"\n    INDEX 01 00:00:00\n'


def test_a_pasted_list_of_megabytes_is_sent_whole_and_shown_in_part(look: OpenLook) -> None:
    one = look()
    page = one.goto("/new")
    url = "https://sets.example.org/pasted/{}/" + "x" * 80
    assert page.evaluate(PASTE, url.format(1)), "a short one is the browser's"
    lines = [url.format(n) for n in range(12_000)]
    assert not page.evaluate(PASTE, "\n".join(lines))
    one.wait("document.getElementById('start').innerText === 'Start 12,000 sets'")
    assert len(page.input_value("#lines")) < 50_000
    assert page.locator("#lines").get_attribute("readonly") is not None
    says(page.locator("#n-lines"), "12,000 lines, too many to be changed here.")
    assert not violations(page)
    follow(page.get_by_role("link", name="Template", exact=True))
    page.go_back()
    page.evaluate(PASTE, "\n".join(lines))
    page.get_by_role("button", name="Take another list").click()
    assert (page.input_value("#lines"), page.locator("#start").is_hidden()) == ("", True)
    expect(page.locator("#lines")).to_be_focused()
    page.evaluate(PASTE, "\n".join(lines))
    one.wait("document.getElementById('start').innerText === 'Start 12,000 sets'")
    page.locator("#start").click()
    page.wait_for_url("**/batches/*")
    assert one.status(page.url.rpartition("/")[2])["total"] == 12_000


def test_an_answer_of_a_list_that_is_gone_shows_nothing(look: OpenLook) -> None:
    one = look()
    page = one.goto("/new")
    held = Held(page, "**/new")
    page.fill("#lines", "https://sets.example.org/gone/1/")
    one.wait("document.querySelector('[aria-busy=true]')")
    page.fill("#lines", "")
    with page.expect_response("**/new"):
        held.let_go()
    one.wait("!document.querySelector('[aria-busy=true]')")
    assert page.locator("#start").is_hidden()


def test_files_beyond_one_request_are_sent_in_pieces_and_one_beyond_it_is_named(
    look: OpenLook, tmp_path: Path
) -> None:
    Seeds(tmp_path).journal.close()
    with serving(tmp_path, max_import_bytes=1_000_000) as small:
        one = look(base=small.url)
        page = one.goto("/new")
        padding = b"REM " + b"-" * 400_000 + b"\n"
        sheets = [
            {"name": f"{n}.cue", "mimeType": "text/plain", "buffer": padding + SHEET.format(n).encode()}
            for n in range(5)
        ]
        large = {"name": "large <b>.zip", "mimeType": "application/zip", "buffer": b"\0" * 1_000_000}
        page.locator("#pick").set_input_files([*sheets, large])
        one.wait(
            "document.getElementById('result').innerText.includes('large <b>.zip is larger than the 950 kB')"
        )
        expect(page.locator("#start")).to_be_hidden()
        page.get_by_role("button", name="Leave out large").click()
        one.wait("document.getElementById('start').innerText === 'Import 5 files'")
        page.locator("#start").click()
        page.wait_for_url("**/batches/*")
        assert one.status(page.url.rpartition("/")[2])["total"] == 5
