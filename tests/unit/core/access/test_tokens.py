"""Tokens: how they are spelt, what their scopes hold, how a user may be called."""

from __future__ import annotations

import pytest

from tlray.core.access.tokens import digest_of, is_token, scopes_with, spell, user_named


def test_a_token_shows_its_name_and_is_kept_as_a_hash() -> None:
    token = spell(b"\x00\xab\xff", bytes(range(32)))
    assert (token.name, len(token.text)) == ("00abff", 56)
    assert is_token(token.text)
    assert token.digest == digest_of(token.text) != digest_of(token.text + "x")
    assert token.text not in token.digest


def test_it_is_made_of_enough_randomness() -> None:
    with pytest.raises(ValueError, match="32 random bytes"):
        spell(b"abc", b"short")


@pytest.mark.parametrize(
    "text", ["", "tlray_", "tlray_00abff_short", "x" * 56, "tlray_00ABFF_" + "a" * 43, "tlray_00abff_" + "ä" * 43]
)  # fmt: skip
def test_what_has_not_its_shape_is_no_token(text: str) -> None:
    assert not is_token(text)


@pytest.mark.parametrize(
    ("named", "held"),
    [
        (["read"], {"read"}),
        (["submit"], {"read", "submit"}),
        (["admin"], {"read", "submit", "admin"}),
        ([], set()),
    ],
)
def test_a_scope_holds_those_before_it(named: list[str], held: set[str]) -> None:
    assert scopes_with(named) == held


def test_an_unknown_scope_is_named() -> None:
    with pytest.raises(ValueError, match="scope 'write': choose read, submit or admin"):
        scopes_with(["read", "write"])


@pytest.mark.parametrize("name", ["ada", " ada ", "ada@example.org", "a.b-c_d+1", "7"])
def test_a_users_name(name: str) -> None:
    assert user_named(name) == name.strip()


@pytest.mark.parametrize("name", ["", " ", "a b", "a\nb", "-a", "x" * 65, "ädä"])
def test_what_is_no_users_name(name: str) -> None:
    with pytest.raises(ValueError, match="letters, digits"):
        user_named(name)
