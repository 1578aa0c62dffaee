"""Artist, title, labels, identity and the printed line, from rows of every sort."""

from __future__ import annotations

import unicodedata

import pytest
from page_1001 import FakeRow, the_set

from tlray.model import Identity

STATUS = '<span class="italic redTxt trackStatus"> {} </span>'
EDIT = '<span class="italic trackEditData">{}</span>'


@pytest.mark.parametrize(
    ("row", "artist", "title", "text", "identity"),
    [
        # the plain case
        (FakeRow("Oto - Harbour"), "Oto", "Harbour", "Oto - Harbour", "identified"),
        # the mix name belongs to the title, "ft." to the artist
        (
            FakeRow("Oto ft. Mira - Harbour (Quell Remix)", by_artist="Oto"),
            *("Oto ft. Mira", "Harbour (Quell Remix)", "Oto ft. Mira - Harbour (Quell Remix)", "identified"),
        ),
        # the first " - " splits, a hyphen does not
        (FakeRow("Jan-Ove - One - Two"), "Jan-Ove", "One - Two", "Jan-Ove - One - Two", "identified"),
        # one label, in the site's whole wording
        (FakeRow("A - B", labels=("QUAY (HARBOUR)",)), "A", "B", "A - B [QUAY (HARBOUR)]", "identified"),
        # several labels are joined by a slash
        (FakeRow("A - B", labels=("ONE", "TWO")), "A", "B", "A - B [ONE/TWO]", "identified"),
        # a qualifier stands outside the meta name, and is printed before the labels
        (
            FakeRow("A - B", after_name=EDIT.format("(Intro Edit)"), labels=("ONE",)),
            *("A", "B (Intro Edit)", "A - B (Intro Edit) [ONE]", "identified"),
        ),
        # two qualifiers, in their order
        (
            FakeRow("A - B", after_name=EDIT.format("(Live Edit)") + EDIT.format("(Acappella)")),
            *("A", "B (Live Edit) (Acappella)", "A - B (Live Edit) (Acappella)", "identified"),
        ),
        # an unknown remix of a known track
        (
            FakeRow("A - B", attributes='data-trackid="q1"', after_name=STATUS.format("(ID Remix)")),
            *("A", "B (ID Remix)", "A - B (ID Remix)", "id_remix"),
        ),
        # the artist alone is known
        (FakeRow("A - ID", attributes=""), "A", "ID", "A - ID", "id_title"),
        # the artist alone is known, of a remix
        (FakeRow("A - ID (C Remix)", attributes=""), "A", "ID (C Remix)", "A - ID (C Remix)", "id_title"),
        # nothing is known: no metas, and data-isid since 2024
        (FakeRow(None, attributes='data-isid="true"'), "ID", "ID", "ID - ID", "id"),
        # nothing is known, as in 2023
        (FakeRow(None, attributes=""), "ID", "ID", "ID - ID", "id"),
        # identified, although the site has no page of it (no data-trackid)
        (FakeRow("A - Bold ID Mix"), "A", "Bold ID Mix", "A - Bold ID Mix", "identified"),
        # a mashup part has no data-isided, and is known all the same
        (FakeRow("A - B", attributes='data-mashpos="true"'), "A", "B", "A - B", "identified"),
        # HTML in names is escaped once
        (FakeRow("A & B <3 - C"), "A & B <3", "C", "A & B <3 - C", "identified"),
    ],
)
def test_a_row_is_named_as_the_sites_export_prints_it(
    row: FakeRow, artist: str, title: str, text: str, identity: str
) -> None:
    # The row under test is the second: a page that opens with a mashup part is no page of theirs.
    track = the_set(FakeRow(), row).tracks[1]
    assert (track.artist, track.title, track.text, track.identity) == (
        artist,
        title,
        text,
        Identity(identity),
    )


def test_names_are_nfc_whatever_the_page_sends() -> None:
    decomposed = unicodedata.normalize("NFD", "Jörn Ü - Ångström")
    track = the_set(FakeRow(decomposed, labels=(unicodedata.normalize("NFD", "ÉTÉ"),))).tracks[0]
    assert track.text == "Jörn Ü - Ångström [ÉTÉ]"
    assert (track.artist, track.labels) == ("Jörn Ü", ["ÉTÉ"])


def test_a_name_cut_at_255_characters_is_read_from_what_is_visible() -> None:
    whole = "The Very Long Collective & " * 9 + "Coda - Everything We Ever Played (Oto Mashup)"
    cut = whole[-255:]
    track = the_set(FakeRow(cut, shown=whole, labels=("QUAY",))).tracks[0]
    assert f"{track.artist} - {track.title}" == whole
    assert track.text == f"{cut.strip()} [QUAY]"


def test_a_name_of_256_visible_characters_is_no_cut_name() -> None:
    name = "A" * 200 + " - " + "B" * 53
    track = the_set(FakeRow(name, shown="Someone Else - Other")).tracks[0]
    assert (len(name), track.artist) == (256, "A" * 200)


def test_blanks_of_a_reserialised_page_are_squeezed_inside_brackets_too() -> None:
    shown = "Oto &amp; Mira <span>\n - \n</span> <b> Harbour </b> ( <i>Quell</i> <i>&nbsp;Remix</i> )"
    row = FakeRow(None, attributes="").html(0).replace("ID - ID</span>", f"{shown}</span>")
    label = '<span class="trackLabel">\n QUAY <a> <i> </i> </a> (HARBOUR <a></a> ) </span>'
    track = the_set(FakeRow(), row.replace('<span class="iBlock">', f"<span>{label}"), count="2").tracks[1]
    assert track.text == "Oto & Mira - Harbour (Quell Remix) [QUAY (HARBOUR)]"


def test_the_escaped_markup_in_the_publisher_is_no_label() -> None:
    trap = '<meta itemprop="publisher" content="&lt;span class=&quot;trackLabel&quot;&gt;TRAP&lt;/span&gt;">'
    track = the_set(FakeRow("A - B", metas=trap, labels=("QUAY",))).tracks[0]
    assert track.labels == ["QUAY"]
    assert track.text == "A - B [QUAY]"
