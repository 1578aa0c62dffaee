"""Whether a file of that name can be made, found and told from others on every system."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_sets import nasty_text

from tlray.export.filenames import MAX_BYTES, Names, cut, safe_name

DEVICES = ["CON", "con", "Nul", "PRN", "aux", "COM1", "lpt9", "COM¹", "CONIN$"]


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Martin Garrix @ Ultra, Miami 2026-03-27", "Martin Garrix @ Ultra, Miami 2026-03-27.cue"),
        ("AC/DC \\ W:Y*?<>|", "AC_DC _ W_Y_____.cue"),  # what Windows or POSIX forbids
        ('The "Big" One', "The 'Big' One.cue"),  # a quotation mark has a harmless twin
        ("../../etc/passwd", "etc_passwd.cue"),  # no way up
        ("Wait... what", "Wait. what.cue"),
        ("-rf .hidden", "rf .hidden.cue"),  # no option
        ("_staging", "staging.cue"),  # pandas and Arrow skip a leading _
        ("ends with dots . . ", "ends with dots.cue"),  # Windows drops them
        ("tab\there\0and\r\nthere", "tab hereand there.cue"),
        ("innocent\u202efdp.exe", "innocentfdp.exe.cue"),  # right-to-left override
        ("", "untitled.cue"),
        ("?!", "!.cue"),
        ("...", "untitled.cue"),
        ("  a   b\u00a0c  ", "a b c.cue"),
        ("e\u0301te\u0301", "été.cue"),  # NFC
        ("e\u200e\u0301", "é.cue"),  # NFC also after something was dropped in between
        ("夜桜 ～ Ночь", "夜桜 ～ Ночь.cue"),
        ("👨‍👩‍👧 family", "👨‍👩‍👧 family.cue"),  # joined emoji stay joined
        ("half \ud83d pair", "half pair.cue"),
    ],
)
def test_a_title_becomes_a_name_that_every_system_takes(title: str, name: str) -> None:
    assert safe_name(title, suffix=".cue") == name


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("rest", ["", ".foo", ".tar.gz", "  .x"])
def test_no_name_is_a_device_of_windows(device: str, rest: str) -> None:
    name = safe_name(device + rest, suffix=".json")
    assert name.partition(".")[0].rstrip(" ").lower() not in {d.lower() for d in DEVICES}
    assert name.startswith(device)


def test_the_id_stands_in_brackets_and_is_never_cut_off() -> None:
    name = safe_name("Long " * 100, tag="[1pn8l919]", suffix=".cue")
    assert name.endswith(" [1pn8l919].cue")
    assert len(name.encode()) <= MAX_BYTES


def test_a_cut_parts_no_letter_from_its_marks() -> None:
    q_with_dot_below = "q\u0323"  # has no single code point: 3 bytes
    assert cut(q_with_dot_below * 3, 8) == q_with_dot_below * 2
    assert cut("ab👍🏽", 6) == "ab"
    assert cut("ab👍🏽", 8) == "ab"  # the hand would fit, its colour would not
    assert cut("👩‍💻", 7) == ""
    assert cut("桜桜", 4) == "桜"


@given(title=nasty_text, tag=nasty_text, many=st.integers(1, 20))
def test_any_title_gives_a_safe_name(title: str, tag: str, many: int) -> None:
    name = safe_name(title * many, tag=tag, suffix=".cue")
    assert 0 < len(name.encode("utf-8")) <= MAX_BYTES
    assert name.endswith(".cue")
    assert not set(name) & set('/\\:*?"<>|\0')
    assert ".." not in name
    assert not name.startswith((".", "-", " ", "_"))
    assert not any(unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp"} for c in name)
    assert unicodedata.is_normalized("NFC", name)
    assert safe_name(title * many, tag=tag, suffix=".cue") == name
    stem = name.removesuffix(".cue")
    assert stem == stem.rstrip(" .")


@given(st.lists(st.tuples(nasty_text, st.sampled_from(["", "[a]", "[A]"])), max_size=30))
def test_no_two_names_are_the_same_whatever_the_file_system_ignores(sets: list[tuple[str, str]]) -> None:
    names = Names()
    given_names = [names.take(title, tag=tag, suffix=".json") for title, tag in sets]
    assert len({unicodedata.normalize("NFD", n).casefold() for n in given_names}) == len(sets)
    assert all(len(n.encode()) <= MAX_BYTES for n in given_names)


def test_equal_names_are_numbered_without_regard_to_case_and_normal_form() -> None:
    names = Names()
    titles = ["Été", "été", "E\u0301te\u0301", "Été (2)"]
    assert [names.take(t, suffix=".cue") for t in titles] == [
        "Été.cue",
        "été (2).cue",
        "Été (3).cue",
        "Été (2) (2).cue",
    ]


def test_equal_names_with_a_long_tag_are_numbered_too_and_come_to_an_end() -> None:
    names = Names()
    tag = "[" + "é" * 40 + "] (recording 2)"
    taken = [names.take("Same title", tag=tag, suffix=".cue") for _ in range(12)]
    assert len(set(taken)) == 12
    assert taken[-1].endswith("é (12).cue")


def test_sets_with_ids_have_names_that_do_not_depend_on_their_order() -> None:
    sets = [("Same title", "[a1]"), ("Same title", "[b2]"), ("Same title", "[c3]")]
    there, back = Names(), Names()
    forth = {tag: there.take(title, tag=tag) for title, tag in sets}
    assert {tag: back.take(title, tag=tag) for title, tag in reversed(sets)} == forth


def test_ten_thousand_equal_titles_are_numbered_in_no_time() -> None:
    names = Names()
    taken = [names.take("Untitled", suffix=".cue") for _ in range(10_000)]
    assert taken[-1] == "Untitled (10000).cue"
