"""A web page of somebody else does not drive the service; what no browser sent is taken."""

from __future__ import annotations

import pytest

from tlray.core.access.same_origin import (
    ANY_ADDRESS,
    is_loopback,
    is_simple,
    refusal_of_host,
    refusal_of_read,
    refusal_of_site,
    split_host,
)

ALLOWED = ("sets.example.org", "*.lab.test", "fd00::1")


@pytest.mark.parametrize(
    "host",
    [
        "localhost", "localhost:8000", "LOCALHOST.", "127.0.0.1:8000", "127.0.0.2", "[::1]:8000",
        "sets.example.org", "Sets.Example.Org:443", "a.lab.test", "[fd00::1]:80",
    ],
)  # fmt: skip
def test_a_host_that_we_know_is_answered(host: str) -> None:
    assert refusal_of_host(host, ALLOWED) is None


@pytest.mark.parametrize(
    "host",
    [
        "evil.test:8000",  # DNS rebinding: its name, our address
        "localhost.evil.test", "127.0.0.1.evil.test", "lab.test", "0", "10.0.0.1", "[fd00::2]",
        "sets.example.org.evil.test",
    ],
)  # fmt: skip
def test_another_is_not(host: str) -> None:
    assert "TLRAY_ALLOWED_HOSTS" in str(refusal_of_host(host, ALLOWED))
    assert refusal_of_host(host, ["*"]) is None


@pytest.mark.parametrize("host", ["", "a b", "a:b", "a:1:2", "user@localhost", "localhost/x", "[::1"])
def test_what_is_no_host_is_refused_even_where_every_host_is_answered(host: str) -> None:
    assert split_host(host) is None
    assert refusal_of_host(host, ["*"]) == "no valid Host header"


def test_loopback_is_known_by_name_and_address() -> None:
    assert all(map(is_loopback, ("localhost", "127.9.9.9", "::1")))
    assert not any(map(is_loopback, ("localhost.test", "10.0.0.1")))


@pytest.mark.parametrize(
    ("host", "origin", "fetch_site"),
    [
        ("localhost:8000", None, None),  # curl
        ("localhost:8000", "http://localhost:8000", "same-origin"),
        ("localhost:8000", None, "none"),
        ("sets.example.org", "https://sets.example.org", None),
        ("sets.example.org:443", "https://sets.example.org", None),
        ("sets.example.org:80", "http://SETS.example.org", None),
        ("[::1]:8000", "http://[::1]:8000", None),
    ],
)
def test_a_page_of_our_own_and_a_program_are_taken(
    host: str, origin: str | None, fetch_site: str | None
) -> None:
    assert refusal_of_site(host=host, origin=origin, fetch_site=fetch_site) is None


@pytest.mark.parametrize(
    ("host", "origin", "fetch_site"),
    [
        ("localhost:8000", "https://evil.test", None),
        ("localhost:8000", "null", None),  # a sandboxed frame, a file
        ("localhost:8000", "", None),
        ("localhost:8000", "http://localhost:9000", None),  # another program on this machine
        ("localhost:8000", "http://127.0.0.1:8000", None),
        ("localhost:8000", "http://localhost:99999", None),
        ("localhost:8000", "http://[::1", None),
        ("localhost:8000", "chrome-extension://localhost:8000", None),
        ("a b", "http://localhost", None),
        ("localhost:8000", None, "cross-site"),
        ("localhost:8000", None, "same-site"),  # localhost:9000 is of the same site
        ("localhost:8000", "http://localhost:8000", "cross-site"),
    ],
)
def test_a_page_of_another_site_is_not(host: str, origin: str | None, fetch_site: str | None) -> None:
    assert "another site" in str(refusal_of_site(host=host, origin=origin, fetch_site=fetch_site))


def read_by(**headers: str | None) -> str | None:
    said = dict.fromkeys(("origin", "fetch_site", "fetch_mode", "fetch_dest")) | headers
    return refusal_of_read(host="localhost:8000", **said)


def test_data_is_shown_to_programs_to_our_page_and_to_who_follows_a_link() -> None:
    assert read_by() is None
    assert read_by(fetch_site="same-origin", fetch_mode="cors", origin="http://localhost:8000") is None
    assert read_by(fetch_site="cross-site", fetch_mode="navigate") is None
    assert read_by(fetch_site="cross-site", fetch_mode="navigate", fetch_dest="document") is None


def test_data_is_not_shown_to_a_page_of_another_site_nor_in_a_frame_of_it() -> None:
    assert "another site" in str(read_by(fetch_site="cross-site", fetch_mode="no-cors"))
    assert "another site" in str(read_by(fetch_site="cross-site", fetch_mode="navigate", fetch_dest="iframe"))
    assert "another site" in str(read_by(origin="https://evil.test"))


def test_where_any_address_is_answered_for_no_name_is_by_that() -> None:
    for host in ("192.0.2.7:8000", "[2001:db8::1]:8000", "127.0.0.1"):
        assert refusal_of_host(host, [ANY_ADDRESS]) is None
    assert refusal_of_host("192.0.2.7", []) is not None
    for host in ("evil.test", "192.0.2.7.evil.test", "any/address"):
        assert refusal_of_host(host, [ANY_ADDRESS]) is not None


@pytest.mark.parametrize(
    ("content_type", "has_body", "simple"),
    [
        ("text/plain", True, True),
        ("Text/Plain; charset=utf-8", True, True),
        ("application/x-www-form-urlencoded", True, True),
        ("multipart/form-data; boundary=x", True, True),
        (None, True, True),  # a Blob without a type
        (" ", True, True),
        (None, False, False),
        ("application/json", True, False),
        ("application/x-ndjson", True, False),
    ],
)
def test_what_every_page_may_send_unasked(content_type: str | None, has_body: bool, simple: bool) -> None:
    assert is_simple(content_type, has_body=has_body) is simple
