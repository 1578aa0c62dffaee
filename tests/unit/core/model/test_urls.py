"""One page, one URL: a table of spellings, and what no spelling may do."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tlray.core.model.urls import (
    MAX_HOST_CHARS,
    MAX_URL_CHARS,
    BadUrl,
    CanonicalUrl,
    _canonicalise_slowly,
    canonicalise,
    redirected,
)

ROOT = "http://a.test/"


def path(path: str) -> CanonicalUrl:
    return CanonicalUrl("http://a.test" + path, "a.test")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # scheme and host
        ("http://a.test", path("/")),  # an empty path is the root
        ("http://a.test?x", path("/?x")),  # with a query too
        ("\t http://a.test/x \r\n", path("/x")),  # what surrounds it on its line
        ("HTTP://A.TEST/X", path("/X")),  # case counts in the path only
        ("http://a.test./x", path("/x")),  # the root's dot is the same host
        ("http://_dmarc.a.test/", CanonicalUrl("http://_dmarc.a.test/", "_dmarc.a.test")),  # DNS allows it
        ("http://a-.test/", CanonicalUrl("http://a-.test/", "a-.test")),  # out of the rules, in the wild
        ("http://localhost/x", CanonicalUrl("http://localhost/x", "localhost")),  # a name without a dot
        # ports
        ("http://a.test:80/x", path("/x")),  # the scheme's own
        ("http://a.test:080/x", path("/x")),  # however spelled
        ("http://a.test:/x", path("/x")),  # named and left out
        ("https://a.test:443/", CanonicalUrl("https://a.test/", "a.test")),
        ("https://a.test:80/", CanonicalUrl("https://a.test:80/", "a.test:80")),  # the other scheme's
        ("http://a.test:8443/", CanonicalUrl("http://a.test:8443/", "a.test:8443")),  # a domain of its own
        # international names
        ("http://bücher.test/", CanonicalUrl("http://xn--bcher-kva.test/", "xn--bcher-kva.test")),
        ("http://BÜCHER.test/", CanonicalUrl("http://xn--bcher-kva.test/", "xn--bcher-kva.test")),
        ("http://bücher。test", CanonicalUrl("http://xn--bcher-kva.test/", "xn--bcher-kva.test")),  # dot
        ("http://ａ.ｔｅｓｔ/", path("/")),  # full width
        ("http://☃.example/x", CanonicalUrl("http://xn--n3h.example/x", "xn--n3h.example")),  # UTS 46, as browsers
        ("http://I❤.example/", CanonicalUrl("http://xn--i-7iq.example/", "xn--i-7iq.example")),
        ("http://💩.la:81/", CanonicalUrl("http://xn--ls8h.la:81/", "xn--ls8h.la:81")),
        ("http://例え.テスト/", CanonicalUrl("http://xn--r8jz45g.xn--zckzah/", "xn--r8jz45g.xn--zckzah")),
        ("http://faß。example。/", CanonicalUrl("http://xn--fa-hia.example/", "xn--fa-hia.example")),
        ("http://ﬁ.test/", CanonicalUrl("http://fi.test/", "fi.test")),  # a ligature
        ("http://نامه\u200cای.test/", CanonicalUrl("http://xn--mgba3gch31f060k.test/", "xn--mgba3gch31f060k.test")),
        ("http://straße.test/", CanonicalUrl("http://xn--strae-oqa.test/", "xn--strae-oqa.test")),  # kept
        # addresses
        ("http://127.0.0.1:8000/x", CanonicalUrl("http://127.0.0.1:8000/x", "127.0.0.1:8000")),
        ("http://1。2。3。4/", CanonicalUrl("http://1.2.3.4/", "1.2.3.4")),  # an address after all
        ("http://[2001:DB8:0:0::1]/", CanonicalUrl("http://[2001:db8::1]/", "[2001:db8::1]")),
        ("http://[::1]:80/", CanonicalUrl("http://[::1]/", "[::1]")),
        ("http://[::1]:81/", CanonicalUrl("http://[::1]:81/", "[::1]:81")),
        # dot segments
        ("http://a.test/./x", path("/x")),
        ("http://a.test/a/../x", path("/x")),
        ("http://a.test/a/..", path("/")),  # the folder, with its slash
        ("http://a.test/a/b/.", path("/a/b/")),
        ("http://a.test/../../x", path("/x")),  # nothing lies above the root
        ("http://a.test/a/%2e%2E/x", path("/x")),  # escaped dots are dots
        ("http://a.test/a%2F../x", path("/a%2F../x")),  # an escaped slash is none
        ("http://a.test/.well-known/x", path("/.well-known/x")),  # a name that begins with one
        ("http://a.test/a/...", path("/a/...")),  # three are a name
        ("http://a.test/a//../x", path("/a/x")),  # an empty segment is one (RFC 3986 §5.2.4)
        ("http://a.test//x//", path("//x//")),  # and it is kept: servers may tell them apart
        # escapes
        ("http://a.test/%7e%41%2d", path("/~A-")),  # needless ones
        ("http://a.test/%2f%c3%a9", path("/%2F%C3%A9")),  # needed ones, in capitals
        ("http://a.test/é", path("/%C3%A9")),  # missing ones
        ("http://a.test/\u00a0x", path("/%C2%A0x")),  # no space of ASCII
        ("http://a.test/a\\b|^{}<>`", path("/a%5Cb%7C%5E%7B%7D%3C%3E%60")),  # never allowed in a URL
        ("http://a.test/a;b=1,2:@!$'()*[x]", path("/a;b=1,2:@!$'()*[x]")),  # allowed, and left alone
        ("http://a.test/100%", path("/100%25")),  # a percent sign that begins no escape
        ("http://a.test/%zz", path("/%25zz")),
        ("http://a.test/%4%31", path("/%2541")),  # two halves make no escape
        # query
        ("http://a.test/x?", path("/x")),  # an empty one
        ("http://a.test/x?&&", path("/x")),
        ("http://a.test/?b=2&a=1", path("/?b=2&a=1")),  # its order may mean something
        ("http://a.test/?a=1&a=1", path("/?a=1&a=1")),  # and so may repetition
        ("http://a.test/?q=a+b%20c", path("/?q=a+b%20c")),  # two spellings of a space
        ("http://a.test/?u=%26utm_source%3Dx", path("/?u=%26utm_source%3Dx")),  # an escaped & parts nothing
        # tracking parameters
        ("http://a.test/?utm_source=x&utm_medium=y&a=1", path("/?a=1")),
        ("http://a.test/?UTM_Source=x", path("/")),
        ("http://a.test/?fbclid&gclid=1&igshid=2&mc_cid=3&mc_eid=4", path("/")),
        ("http://a.test/?%75tm_source=x", path("/")),  # escaped without need
        ("http://a.test/?utm_=1&utm_id2=1&myfbclid=1", path("/?utm_=1&utm_id2=1&myfbclid=1")),  # not theirs
        # fragment
        ("http://a.test/x#tlp_5", path("/x")),
        ("http://a.test/x?#y?z", path("/x")),
        ("http://a.test#x", path("/")),
    ],
)  # fmt: skip
def test_all_spellings_of_a_page_are_one_url(text: str, expected: CanonicalUrl) -> None:
    assert canonicalise(text) == expected
    assert canonicalise(expected.url) == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        # no URL at all
        ("", "no scheme"),
        ("a.test/x", "no scheme"),
        ("//a.test/x", "no scheme"),  # a link within a page
        ("https:/a.test/", "no scheme"),  # a slash was lost
        ("mailto:a@b.test", "no scheme"),
        ("ftp://a.test/", "scheme ftp"),
        ("file:///etc/passwd", "scheme file"),
        ("javascript://a.test/%0aalert(1)", "scheme javascript"),
        # characters
        ("http://a.test/a b", "space"),
        ("http://a.test/a\tb", "space"),  # urlsplit would take it out in silence
        ("http://a.test/\x00", "control"),
        ("http://a.test/\x7f", "control"),
        ("http://a.test/a\x85http://a.test/b", "control"),
        ("http://a.test/a\u2028http://a.test/b", "control"),
        ("http://a.test/a?q=\u2029b", "control"),
        ("http://a.test/a\x9b31m", "control"),
        ("http://a.test/\udcff", "no UTF-8"),  # a byte of argv that was no text
        ("http://\ud800.test/", "no UTF-8"),  # from JSON
        # user and port
        ("http://u:p@a.test/", "user name"),
        ("http://@a.test/", "user name"),
        ("http://a.test:0/", "port 0"),
        ("http://a.test:65536/", "not a URL"),
        ("http://a.test:-1/", "not a URL"),
        ("http://a.test:8٠/", "not a URL"),  # a digit, but not ASCII's
        ("http://a.test:x/", "not a URL"),
        # host
        ("http:///x", "host"),
        ("http://./", "host"),
        ("http://a..test/", "host"),
        ("http://.a.test/", "host"),
        ("http://-a.test/", "host"),
        ("http://a%2etest/", "host"),  # browsers read it, and nobody means it
        ("http://a.test\\b/", "host"),
        ("http://a,b.test/", "host"),
        ("http://" + "a" * 64 + ".test/", "host"),  # a label is at most 63 long
        ("http://" + "a." * 125 + "test/", "host"),  # a name 253
        ("http://a\u200db.test/", "host"),  # a joiner that joins nothing
        ("http://\u0301a.test/", "host"),  # an accent on nothing
        ("http://aא1.test/", "host"),  # left to right and right to left in one label
        ("http://a\ufffd.test/", "host"),  # what a decoder could not read
        ("http://\u00ad.test/", "host"),  # a soft hyphen, and nothing is left
        ("http://xn--\u00e9.test/", "host"),
        ("http://1.2.3.400/", "host"),
        ("http://1.2.3/", "host"),  # C would read it, and so does an attacker
        ("http://1。2。3。400/", "host"),
        ("http://2130706433/", "host"),
        ("http://[::1/", "not a URL"),
        ("http://[1:2]/", "URL"),  # neither one nor the other
        ("http://[v1.x]/", "host"),  # an address of the future
        ("http://[::1]x/", "host"),  # what stands behind it would be lost
        # length
        (ROOT + "x" * MAX_URL_CHARS, "2,062 characters"),
        (ROOT + "é" * 1_000, "once escaped"),
    ],
)
def test_what_is_no_url_that_can_be_fetched_says_why(text: str, reason: str) -> None:
    found = canonicalise(text)
    assert isinstance(found, BadUrl)
    assert reason in found.reason


SPELLED = st.builds(
    "{}://{}{}{}".format,
    st.sampled_from(["http", "https", "HTTP"]),
    st.sampled_from(["a.test", "A.Test.", "bücher.test", "1。2。3。4", "[::1]", "127.0.0.1", "a。b", "[v1]"])
    | st.text("abé.-_。1[]:%", max_size=8),
    st.sampled_from(["", ":80", ":443", ":81", ":"]),
    st.text("/.a%e2F5é?&=utm_sourc#\\ [", max_size=30).map("/".__add__),
)  # fmt: skip


@given(st.text(max_size=60) | SPELLED)
@example("http://a.test/?%75tm_source=x")
@example("http://a.test/%4%31")
@example("http://1。2。3。400/")
@example("http://a.test/?&utm_a")
def test_a_canonical_url_is_its_own_canonical_form(text: str) -> None:
    found = canonicalise(text)
    if isinstance(found, CanonicalUrl):
        assert canonicalise(found.url) == found
        assert found.url.isascii()
        assert found.url.startswith((f"http://{found.domain}/", f"https://{found.domain}/"))
        assert len(found.url) <= MAX_URL_CHARS


@given(st.from_regex(r"https?://[a-z0-9.-]{1,20}/[A-Za-z0-9_~/.-]{0,20}", fullmatch=True))
@example("http://" + "a" * 64 + ".test/")
@example("http://1.2.3/")
@example("http://a..test/x")
@example("http://a.test/..")
def test_the_shortcut_for_plain_urls_says_what_the_long_way_says(text: str) -> None:
    assert canonicalise(text) == _canonicalise_slowly(text)


@given(st.text(max_size=40), st.text(max_size=40))
def test_no_line_is_an_exception(before: str, after: str) -> None:
    for text in (before, f"http://{before}/{after}", f"http://a.test/{before}?{after}"):
        assert isinstance(canonicalise(text), CanonicalUrl | BadUrl)


def test_a_line_end_of_unicode_behind_a_url_is_white_space_and_one_in_a_redirect_is_escaped() -> None:
    assert canonicalise("http://a.test/\u00e9\u2028") == path("/%C3%A9")
    assert redirected("http://a.test/", "/a\u2028b") == path("/a%E2%80%A8b")


def test_the_longest_host_and_the_longest_url_are_taken() -> None:
    host = ".".join(["a" * 63] * 3 + ["b" * 61])
    assert len(host) == MAX_HOST_CHARS
    assert canonicalise(f"http://{host}/") == CanonicalUrl(f"http://{host}/", host)
    url = ROOT + "x" * (MAX_URL_CHARS - len(ROOT))
    assert canonicalise(url) == CanonicalUrl(url, "a.test")
