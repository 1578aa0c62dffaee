"""CSV as the real LibreOffice opens it, with each separator and quote that its dialog offers: no cell is a formula.

LibreOffice is a skip where it is missing, or a failure where TLRAY_REQUIRE_PARTS=1 says that all parts must be there.
"""

from __future__ import annotations

import random
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from real_parts import missing

from tlray.export import csv_table
from tlray.export.csv_table import together
from tlray.export.options import CsvOptions
from tlray.model import Identity, Track, TrackKind, Tracklist

pytestmark = pytest.mark.parts

SEPARATORS = {"semicolon": ";", "tab": "\t", "comma": ",", "pipe": "|", "any": ";\t,|"}
QUOTES = {"double": 34, "single": 39, "none": 0}
WAYS = [("any", "single"), ("any", "none")] + [
    (separators, "double") for separators in ("semicolon", "tab", "comma", "pipe")
]
UTF_8 = 76
TIMEOUT_S = 120


def texts() -> list[str]:
    """Formulas at the start and behind every separator, after what a spreadsheet passes over; and random ones."""
    befores = ("", " ", '"', "'", '"" ', "\u200b", "\u00a0", "''\"")
    made = [f"{before}{sign}1+2" for before in befores for sign in ("=", "+", "-", "@SUM(")]
    made += [f"Foo{sep}{text}{sep}bar" for sep in (";", "\t", ",", "|", "\n") for text in made]
    odd = random.Random(20261128)
    made += ["".join(odd.choices(";,|\t\n '\"=+-@19a", k=odd.randint(1, 14))) for _ in range(300)]
    return made


def a_csv(path: Path) -> None:
    tracks = [
        Track(
            index=i,
            number=i,
            kind=TrackKind.MAIN,
            artist="A",
            title=text,
            identity=Identity.IDENTIFIED,
            text=text,
        )
        for i, text in enumerate(texts(), 1)
    ]
    made = Tracklist(
        url="https://a.test/;=1+2",
        site="1001tracklists",
        source_id=None,
        title="Foo;=1+2;bar",
        tracks=tracks,
        parser="x/1",
        track_count=len(tracks),
        identified_count=len(tracks),
        cued_count=0,
    )
    path.write_bytes(b"".join(together([made], CsvOptions())))


@pytest.fixture(scope="module")
def formulas(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str, str], list[str]]:
    """The formulas of each file as it is opened each way: of "ours", and of "raw", whose texts are written as they are."""
    if not shutil.which("soffice"):
        missing("LibreOffice", "apt-get install libreoffice-calc-nogui")
    folder = tmp_path_factory.mktemp("spreadsheets")
    a_csv(folder / "ours.csv")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_table, "defused", lambda text: text)
        a_csv(folder / "raw.csv")
    return {
        (separators, quote, name): found
        for separators, quote in WAYS
        for name, found in opened(folder, separators, quote).items()
    }


def opened(folder: Path, separators: str, quote: str) -> dict[str, list[str]]:
    """Open both files as a user may, with blanks taken off and every kind of number looked for."""
    codes = "/".join(str(ord(char)) for char in SEPARATORS[separators])
    out = folder / f"{separators}-{quote}"
    command = ["soffice", "--headless", f"-env:UserInstallation={(folder / 'profile').as_uri()}"]
    command += [
        f"--infilter=CSV:{codes},{QUOTES[quote]},{UTF_8},1,,0,false,true,false,true",
        "--convert-to",
        "fods",
    ]
    done = subprocess.run(
        [*command, "--outdir", out, folder / "ours.csv", folder / "raw.csv"],
        capture_output=True, text=True, timeout=TIMEOUT_S, check=False,
    )  # fmt: skip
    assert (out / "ours.fods").exists(), done.stderr
    return {
        name: re.findall(r'table:formula="([^"]*)"', (out / f"{name}.fods").read_text(encoding="utf-8"))
        for name in ("ours", "raw")
    }


@pytest.mark.parametrize(("separators", "quote"), WAYS)
def test_no_cell_is_a_formula_however_libreoffice_is_told_to_open_it(
    formulas: dict[tuple[str, str, str], list[str]], separators: str, quote: str
) -> None:
    assert formulas[separators, quote, "ours"] == []
    assert "of:=1+2" in formulas[separators, quote, "raw"], "else this test shows nothing"
