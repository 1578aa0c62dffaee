"""A saved page is read by its site's parser, and says where it comes from only where that is sure."""

from __future__ import annotations

import pytest

from tlray.demo.page import page_of
from tlray.demo.plan import Plan
from tlray.demo.rows import make_set
from tlray.model import PageKind
from tlray.readers.interface import SourceFile
from tlray.readers.page import PageReader, own_url

SET = "https://www.1001tracklists.com/tracklist/1abc2def/a-set.html"


@pytest.mark.parametrize(
    ("head", "url"),
    [
        (f"<!-- saved from url=(0059){SET} --><link rel=canonical href=https://other.example/x>", SET),
        (f"<!--\n Page saved with SingleFile \n url: {SET} \n saved date: Sat Nov 28 2026-->", SET),
        (f'<link rel="canonical" href="{SET}" >', SET),
        (f"<link href='{SET}' rel='canonical'/>", SET),
        (f'<a href="/canonical">canonical</a><LINK REL=Canonical HREF="{SET}">', SET),
        (f'<meta property="og:url" content="{SET}?a=1&amp;b=2">', f"{SET}?a=1&b=2"),
        (f'<link rel="canonical" href="/only/a/path"><meta property="og:url" content="{SET}">', SET),
        (f'<base href="{SET}">', SET),
        ('<base href="https://www.1001tracklists.com/">', ""),
        ('<link rel="canonical" href="file:///etc/passwd">', ""),
        ('<link rel="canonical" href="javascript:alert(1)">', ""),
        ('<link rel="canonical', ""),
        (
            f'<title>İİİİİİ</title><link rel="canonical" href="{SET}"><b>',
            SET,
        ),  # "İ" in small letters is longer
        ("<!-- saved from url=(0014)about:internet -->", ""),
        (f'<!-- saved from url=(0022)file:///C:/My%20set.html --><link rel="canonical" href="{SET}">', SET),
        ("canonical " * 5_000, ""),
        ("", ""),
    ],
)
def test_the_url_that_a_page_says_it_comes_from(head: str, url: str) -> None:
    page = f"<!DOCTYPE html><html><head>{head}</head>"
    assert [own_url(page.encode(encoding)) for encoding in ("utf-8", "utf-16")] == [url, url]


def demo_page() -> bytes:
    return page_of(make_set(5, 0, Plan(n_sets=3).head(0))).encode()


def test_a_saved_page_is_read_as_the_site_served_it() -> None:
    body = demo_page()
    page = PageReader().read(SourceFile("set.html", body, "file:///set.html"))
    (found,) = page.tracklists
    assert page.kind is PageKind.TRACKLIST
    assert found.url == found.page_url
    assert found.media_type == "text/html"
    page = PageReader().read(SourceFile("set.html", body, SET))
    assert page.tracklists[0].url == SET


@pytest.mark.parametrize(
    ("head", "name", "is_page"),
    [
        (b"<!doctype html><p>", "x", True),
        (b"\xef\xbb\xbf\r\n<!-- saved --><HTML>", "x.txt", True),
        ("<!DOCTYPE html><html>".encode("utf-16"), "x", True),
        (b"<?xml version='1.0'?><!DOCTYPE html PUBLIC 'x' 'y'><html xmlns='z'>", "x", True),
        (b"half a page </div>", "x.html", True),
        (b"half a page </div>", "x.txt", False),
        (b"<?xml version='1.0'?><rss>", "x.html", False),
        (b'{"a": 1}', "x.html", False),
        (b"\x89PNG\r\n\x1a\n\0\0", "x.html", False),
    ],
)
def test_html_is_known_by_its_content_first(head: bytes, name: str, is_page: bool) -> None:
    assert PageReader().recognises(head, name) is is_page
