"""Ids as parts of paths: each is reached, by browsers too, and no two have one address."""

from __future__ import annotations

from urllib.parse import unquote, urljoin

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tlray.core.access.path_part import from_path, in_path


@pytest.mark.parametrize(
    "text",
    [
        *(".", "..", "./", "..//", "...", "a/..", "1pn8l919", "a b?c#d", ".a", "/", ""),
        *(
            "versions",
            "/versions",
            "a/versions",
            "a/versions/",
            "a\nb/versions",
            "a/versions/b",
            "a/versions//",
        ),
    ],
)
def test_an_id_comes_back_from_its_path(text: str) -> None:
    assert from_path(unquote(in_path(text))) == text


@given(st.text(alphabet="./a~", max_size=5))
def test_no_part_is_a_step_and_no_two_ids_have_one_part(text: str) -> None:
    part = in_path(text)
    assert part not in (".", "..")
    assert urljoin("https://tlray.test/catalogue/site/", f"x/../{part}").endswith(f"/site/{part}")
    assert from_path(unquote(part)) == text


@given(st.lists(st.sampled_from(["a", "/", "versions", "/versions", "."]), max_size=4).map("".join))
def test_no_part_is_the_address_of_the_versions_of_another_set(text: str) -> None:
    decoded = unquote(in_path(text))
    assert not f"/{decoded}".endswith("/versions") or text == "versions"
    assert from_path(decoded) == text


def test_a_client_that_sends_steps_as_they_are_is_understood() -> None:
    assert [from_path(part) for part in (".", "..")] == [".", ".."]
