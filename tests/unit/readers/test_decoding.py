"""Text out of bytes, where nobody says their encoding."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tlray.readers.decoding import NoTextError, decode_text, head_text


@given(
    st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffd\ufeff"), max_size=60)
)
def test_utf_8_is_never_taken_for_anything_else(text: str) -> None:
    assert decode_text(text.encode()) == (text, [])


@pytest.mark.parametrize(
    "body",
    [b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\1\0", bytes(range(256)) * 3, b"\0" * 40, b"\x7fELF\2\1\1\0\0\0\0\0"],
)
def test_a_binary_file_is_no_text(body: bytes) -> None:
    with pytest.raises(NoTextError, match="binary"):
        decode_text(body)
    assert head_text(body) == ""


def test_a_stray_zero_makes_no_text_of_another_script() -> None:
    for zeros in (b"\0", b"\0" * 4_096):
        assert decode_text(b"Ocean - River\n" * 20 + zeros) == ("Ocean - River\n" * 20, [])


@pytest.mark.parametrize(
    "line",
    [
        "Beyoncé – Déjà Vu (Café Remix)", "Röyksopp & Ágætis Byrjun", "Ñ", "Ça où là", "Motörhead", "«Ô»", "ÉTÉ ÂGÉ",
        "Sigur Rós - Sæglópur", "Mötley Crüe", "naïve",
    ],
)  # fmt: skip
def test_western_accents_are_never_another_script(line: str) -> None:
    text, issues = decode_text(("Artist - Title\n" * 3 + f"{line}\n" * 5).encode("cp1252"))
    assert (text.splitlines()[-1], issues) == (line, ["encoding_guessed"])


def test_kana_of_shift_jis_are_read_although_half_of_their_bytes_are_letters() -> None:
    for line in (
        "電気グルーヴ - シャングリラ",
        "1. フィッシュマンズ - ナイトクルージング",
        "ゆらゆら帝国 - 空洞です",
    ):
        assert (
            decode_text(f"TITLE {line}\nOcean - River\n".encode("shift-jis")).text.splitlines()[0]
            == f"TITLE {line}"
        )
    for line in ("‚Heroes‘ ‚Ashes‘ ‚Low‘ ‚Lodger‘", "ƒ(x) ƒ ƒeat ƒoo ƒax"):
        assert decode_text(f"{line}\n".encode("cp1252")).text.splitlines()[0] == line


def test_a_cut_in_the_middle_of_a_character_costs_that_character() -> None:
    body = "Привет мир - Тихий океан".encode()[:-1]
    text, issues = decode_text(body)
    assert text.startswith("Привет мир - Тихий океа")
    assert issues == ["1 unreadable character"]


@pytest.mark.parametrize("run", [b"[", b"a", b"Ab_", b"\x83", b"a\xe9"])
def test_a_long_run_of_letters_takes_no_time(run: bytes) -> None:
    body = b"\xe9 " + run * (65_000 // len(run)) + b" \xe9\xe9"
    began = time.process_time()
    decode_text(body)
    assert time.process_time() - began < 5, "it took a minute for the square of the run"


@given(st.binary(max_size=300))
def test_any_bytes_are_text_or_said_to_be_none(body: bytes) -> None:
    try:
        text, _ = decode_text(body)
    except NoTextError:
        return
    assert isinstance(text, str)
