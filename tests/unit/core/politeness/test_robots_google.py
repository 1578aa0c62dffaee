"""The cases of Google's published robots_test.cc (https://github.com/google/robotstxt), written out as a table of our own.

Left out are those of its C++ interface (which agents may be asked about, line numbers, sitemaps, its helpers), and one of a URL
that is not escaped: ours always are.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tlray.core.politeness.robots import decode
from tlray.core.politeness.robots_parser import RobotsFile

SITEMAP = "User-agent: BarBot\nSitemap: https://foo.bar/s\nUser-agent: *\nDisallow: /\n"
UNKNOWN = "User-agent: FooBot\nInvalid-Unknown-Line: x\nUser-agent: *\nDisallow: /\n"
PHP = (
    "/filename.php /folder/filename.php /folder/filename.php?parameters //folder/any.php.file.html /filename.php/"
    " /index?f=filename.php/"
)
GROUPS = (
    "allow: /foo/bar/\n\nuser-agent: FooBot\ndisallow: /\nallow: /x/\nuser-agent: BarBot\ndisallow: /\nallow: /y/\n\n\n"
    "allow: /w/\nuser-agent: BazBot\n\nuser-agent: FooBot\nallow: /z/\ndisallow: /\n"
)
FOO = "user-agent: FooBot\n"
NONE_BUT = FOO + "disallow: /\n"
LINE = "/x/" + "a" * (2083 * 8 - len("/x/disallow: ") + 1)
ALLOWED_LINE = "/x/" + "a" * (2083 * 8 - len("/x/allow: ") + 1)
OTHER_LINE = "/x/" + "b" * (2083 * 8 - len("/x/allow: ") + 1)

CASES: dict[str, tuple[str, str, str, str]] = {
    # name: the text, the agent, what it may fetch, what it may not
    "a line": (FOO + "disallow: /\n", "FooBot", "", "/x/y"),
    "no such keys": ("foo: FooBot\nbar: /\n", "FooBot", "/x/y", ""),
    "no colon": ("user-agent FooBot\ndisallow /\n", "FooBot", "", "/x/y"),
    "groups, foo": (GROUPS, "FooBot", "/x/b /z/d", "/y/c /foo/bar/"),
    "groups, bar": (GROUPS, "BarBot", "/y/c /w/a", "/z/d /foo/bar/"),
    "groups, baz": (GROUPS, "BazBot", "/z/d", "/foo/bar/"),
    "a sitemap ends no group": (SITEMAP, "BarBot", "", "/"),
    "… nor for all": (SITEMAP, "FooBot", "", "/"),
    "an unknown line ends no group": (UNKNOWN, "FooBot", "", "/"),
    "… nor of others": (UNKNOWN, "BarBot", "", "/"),
    "keys in capitals": ("USER-AGENT: FooBot\nALLOW: /x/\nDISALLOW: /\n", "FooBot", "/x/y", "/a/b"),
    "keys in small letters": (FOO + "allow: /x/\ndisallow: /\n", "FooBot", "/x/y", "/a/b"),
    "keys in both": ("uSeR-aGeNt: FooBot\nAlLoW: /x/\ndIsAlLoW: /\n", "FooBot", "/x/y", "/a/b"),
    "an agent in capitals": ("User-Agent: FOO BAR\nAllow: /x/\nDisallow: /\n", "Foo", "/x/y", "/a/b"),
    "an agent in small letters": ("User-Agent: foo bar\nAllow: /x/\nDisallow: /\n", "Foo", "/x/y", "/a/b"),
    "an agent in both": ("User-Agent: FoO bAr\nAllow: /x/\nDisallow: /\n", "foo", "/x/y", "/a/b"),
    "up to the first space": ("User-Agent: *\nDisallow: /\nUser-Agent: Foo Bar\nAllow: /x/\nDisallow: /\n", "Foo", "/x/y", "/y"),
    "nothing": ("", "FooBot", "/x/y", ""),
    "all others, named": ("user-agent: *\nallow: /\n" + NONE_BUT, "FooBot", "", "/x/y"),
    "all others": ("user-agent: *\nallow: /\n" + NONE_BUT, "BarBot", "/x/y", ""),
    "nobody else": (FOO + "allow: /\nuser-agent: BarBot\ndisallow: /\nuser-agent: BazBot\ndisallow: /\n", "QuxBot", "/x/y", ""),
    "a path in small letters": (FOO + "disallow: /x/\n", "FooBot", "", "/x/y"),
    "a path in capitals": (FOO + "disallow: /X/\n", "FooBot", "/x/y", ""),
    "the longer disallow": (FOO + "disallow: /x/page.html\nallow: /x/\n", "FooBot", "", "/x/page.html"),
    "the longer allow": (FOO + "allow: /x/page.html\ndisallow: /x/\n", "FooBot", "/x/page.html", "/x/"),
    "both empty": (FOO + "disallow: \nallow: \n", "FooBot", "/x/page.html", ""),
    "both alike": (FOO + "disallow: /\nallow: /\n", "FooBot", "/x/page.html", ""),
    "with a slash": (FOO + "disallow: /x\nallow: /x/\n", "FooBot", "/x/", "/x"),
    "both alike and long": (FOO + "disallow: /x/page.html\nallow: /x/page.html\n", "FooBot", "/x/page.html", ""),
    "a longer star": (FOO + "allow: /page\ndisallow: /*.html\n", "FooBot", "/page", "/page.html"),
    "a shorter star": (FOO + "allow: /x/page.\ndisallow: /*.html\n", "FooBot", "/x/page.html", "/x/y.html"),
    "one's own group only": ("User-agent: *\nDisallow: /x/\nUser-agent: FooBot\nDisallow: /y/\n", "FooBot", "/x/page", "/y/page"),
    "a URL in a query": (
        NONE_BUT + "Allow: /foo/bar?qux=taz&baz=http://foo.bar?tar&par\n", "FooBot",
        "/foo/bar?qux=taz&baz=http://foo.bar?tar&par", "/foo",
    ),
    "three bytes": (NONE_BUT + "Allow: /foo/bar/ツ\n", "FooBot", "/foo/bar/%E3%83%84", "/foo"),
    "three bytes, escaped": (NONE_BUT + "Allow: /foo/bar/%E3%83%84\n", "FooBot", "/foo/bar/%E3%83%84", "/foo"),
    "an escape that need not be": (NONE_BUT + "Allow: /foo/bar/%62%61%7A\n", "FooBot", "/foo/bar/%62%61%7A", "/foo/bar/baz"),
    "a star within": (
        FOO + "Disallow: /foo/bar/quz\nAllow: /foo/*/qux\n", "FooBot", "/foo/quz /foo//quz /foo/bax/quz", "/foo/bar/quz",
    ),
    "an end": (FOO + "Disallow: /foo/bar$\nAllow: /foo/bar/qux\n", "FooBot", "/foo/bar/qux /foo/bar/ /foo/bar/baz", "/foo/bar"),
    "comments": (FOO + "# Disallow: /\nDisallow: /foo/quz#qux\nAllow: /\n", "FooBot", "/foo/bar", "/foo/quz"),
    "an index is its folder": (
        "User-Agent: *\nAllow: /allowed-slash/index.html\nDisallow: /\n", "foobot",
        "/allowed-slash/ /allowed-slash/index.html", "/allowed-slash/index.htm /anyother-url",
    ),
    "a line cut off": (FOO + f"disallow: {LINE}/qux\n", "FooBot", "/fux", f"{LINE}/fux"),
    "allowed lines cut off": (
        NONE_BUT + f"allow: {ALLOWED_LINE}/qux\nallow: {OTHER_LINE}/qux\n", "FooBot", f"{ALLOWED_LINE}/qux {OTHER_LINE}/fux", "/",
    ),
    "/fish": (
        NONE_BUT + "allow: /fish\n", "FooBot",
        "/fish /fish.html /fish/salmon.html /fishheads /fishheads/yummy.html /fish.html?id=anything",
        "/bar /Fish.asp /catfish /?id=fish",
    ),
    "/fish*": (
        NONE_BUT + "allow: /fish*\n", "FooBot",
        "/fish /fish.html /fish/salmon.html /fishheads /fishheads/yummy.html /fish.html?id=anything",
        "/bar /Fish.bar /catfish /?id=fish",
    ),
    "/fish/": (
        NONE_BUT + "allow: /fish/\n", "FooBot", "/fish/ /fish/salmon /fish/?salmon /fish/salmon.html /fish/?id=anything",
        "/bar /fish /fish.html /Fish/Salmon.html",
    ),
    "/*.php": (
        NONE_BUT + "allow: /*.php\n", "FooBot", PHP, "/bar /php/ /index?php /windows.PHP",
    ),
    "/*.php$": (
        NONE_BUT + "allow: /*.php$\n", "FooBot", "/filename.php /folder/filename.php",
        "/bar /filename.php?parameters /filename.php/ /filename.php5 /php/ /filename?php /aaaphpaaa //windows.PHP",
    ),
    "/fish*.php": (NONE_BUT + "allow: /fish*.php\n", "FooBot", "/fish.php /fishheads/catfish.php?parameters", "/bar /Fish.PHP"),
    "precedence 1": (FOO + "allow: /p\ndisallow: /\n", "FooBot", "/page", "/a"),
    "precedence 2": (FOO + "allow: /folder\ndisallow: /folder\n", "FooBot", "/folder/page", ""),
    "precedence 3": (FOO + "allow: /page\ndisallow: /*.htm\n", "FooBot", "", "/page.htm"),
    "precedence 4": (FOO + "allow: /$\ndisallow: /\n", "FooBot", "/", "/page.html"),
    "CR LF": ("User-Agent: foo\r\nAllow: /some/path\r\nUser-Agent: bar\r\n\r\n\r\nDisallow: /\r\n", "bar", "", "/x"),
    "CR": ("User-Agent: foo\rAllow: /some/path\rUser-Agent: bar\r\r\rDisallow: /\r", "bar", "", "/x"),
    "no last line end": ("User-Agent: foo\nAllow: /some/path\nUser-Agent: bar\n\n\nDisallow: /", "bar", "", "/x"),
    "mixed line ends": ("User-Agent: foo\nAllow: /some/path\r\nUser-Agent: bar\n\r\n\nDisallow: /", "bar", "", "/x"),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_robots_txt_is_read_as_google_publishes_it(name: str) -> None:
    text, agent, allowed, disallowed = CASES[name]
    rules = RobotsFile(text, agent)
    found = {
        path: rules.may_fetch("http://foo.bar" + path) for path in (*allowed.split(), *disallowed.split())
    }
    assert found == {**dict.fromkeys(allowed.split(), True), **dict.fromkeys(disallowed.split(), False)}


@pytest.mark.parametrize(
    ("mark", "is_read"),
    [
        (b"\xef\xbb\xbf", True),
        (b"\xef\xbb", True),  # half a BOM
        (b"\xef", True),
        (b"\xef\x11\xbf", False),  # the first line is garbage
    ],
)
def test_a_bom_is_skipped_at_the_beginning_and_nowhere_else(mark: bytes, is_read: bool) -> None:
    rules = RobotsFile(decode(mark + b"User-Agent: foo\nDisallow: /AnyValue\n"), "foo")
    assert rules.may_fetch("http://foo.bar/AnyValue") is not is_read
    within = RobotsFile(decode(b"User-Agent: foo\n" + mark + b"Disallow: /AnyValue\n"), "foo")
    assert within.may_fetch("http://foo.bar/AnyValue")


PIECES = st.sampled_from(["/", "a", "b", "*", "$", "/a", "/b", ""])
LINES = st.lists(
    st.one_of(
        st.builds("User-agent: {}".format, st.sampled_from(["*", "foo", "FOO/2", "fo", "foox", "* x", "foo bar", ""])),
        st.builds("{}: {}".format, st.sampled_from(["Allow", "Disallow"]), st.lists(PIECES, max_size=4).map("".join)),
        st.sampled_from(["Sitemap: x", "Crawl-delay: 3", "", "nothing"]),
    ),
    max_size=10,
)  # fmt: skip


@given(LINES, st.lists(st.sampled_from(["/", "a", "b"]), max_size=4).map("".join))
def test_groups_and_paths_are_as_a_plain_reading_of_the_published_parser_has_them(
    lines: list[str], path: str
) -> None:
    assert RobotsFile("\n".join(lines), "foo").may_fetch(f"http://h/{path}") is _plain(lines, f"/{path}")


def _plain(lines: list[str], path: str) -> bool:
    """Decide as Google's parser does, one line after the other."""
    best = {("own", "allow"): -1, ("own", "disallow"): -1, ("all", "allow"): -1, ("all", "disallow"): -1}
    is_own = is_all = was_own = is_separated = False
    for line in lines:
        key, _, value = line.lower().partition(":")
        value = value.strip()
        if key == "user-agent":
            if is_separated:
                is_own = is_all = is_separated = False
            is_all |= value[:1] == "*" and value[1:2] in ("", " ")
            is_foo = value.split(" ")[0].split("/")[0] == "foo"
            is_own |= is_foo
            was_own |= is_foo
        elif key in ("allow", "disallow") and (is_own or is_all):
            is_separated = True
            whose = "own" if is_own else "all", key
            if _reaches(value, path):
                best[whose] = max(best[whose], len(value))
    group = "own" if was_own else "all"
    return best[group, "disallow"] <= max(0, best[group, "allow"])


def _reaches(pattern: str, path: str) -> bool:
    if not pattern:
        return True
    if pattern == "$":
        return not path
    if pattern[0] == "*":
        return any(_reaches(pattern[1:], path[n:]) for n in range(len(path) + 1))
    return path[:1] == pattern[0] and _reaches(pattern[1:], path[1:])
