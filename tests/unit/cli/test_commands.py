"""The commands that need no Ray, called in this process, on a home with one finished batch."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path

import pytest
from made_home import BATCH, PLAN, change, html, make_home
from made_journal import submit

from tlray import __version__
from tlray.cli import run
from tlray.core.model.lifecycle import ItemEvent, ItemState
from tlray.core.model.outcome import OutcomeKind
from tlray.core.scheduling.changeset import Changeset
from tlray.core.submission.lines import Entry
from tlray.demo.blocks import block_page
from tlray.demo.rows import make_set
from tlray.export.formats import names
from tlray.io.disk.home import Home
from tlray.io.journal.sqlite.journal import SqliteJournal


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_home(tmp_path_factory.mktemp("home") / "sets")


def test_the_version_and_the_formats_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == 0
    assert capsys.readouterr().out == f"tlray {__version__}\n"
    assert run(["formats"]) == 0
    listed = [line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines()]
    assert [name for name, _ in listed] == list(names())
    assert names()[:5] == ("json", "jsonl", "csv", "cue", "parquet")


def test_batches_are_listed(home: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert run(["list", "--home", str(home)]) == 0
    assert f"{BATCH}  2023-11-" in (out := capsys.readouterr().out)
    assert "4/4 done       1 dead" in out
    assert run(["list", "--home", str(home), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["batch_id"], told["total"], told["counts"]) == (BATCH, 4, {"dead": 1, "succeeded": 3})
    assert run(["list", "--home", str(tmp_path)]) == 0
    assert capsys.readouterr().out == ""


def test_a_status_names_domains_and_refused_lines(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["status", BATCH, "--home", str(home), "--lines"]) == 0
    out = capsys.readouterr().out
    assert "127.0.0.1: " in out
    assert "line 5: scheme ftp: is not fetched ('ftp://x')" in out
    assert "line 6: same page as line 1" in out
    assert run(["status", BATCH, "--home", str(home), "--lines", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["state"], told["duplicates"], told["n_rejected"]) == ("completed", 1, 1)
    assert [line["line"] for line in told["lines"]] == [5, 6]


def test_a_dead_letter_tells_its_whole_story(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["dead", BATCH, "--home", str(home)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].strip() == "connect: refused"
    assert "attempt 1  2023-11-14 22:13:20Z  timeout timeout  0.50 s on n" in lines[2]
    assert "attempt 2" in lines[3]
    assert run(["dead", BATCH, "--home", str(home), "--json", "--reason", "connect"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [step["kind"] for step in told["story"]] == ["timeout", "connect"]
    assert (told["n_dead_elsewhere"], told["was_ever_had"]) == (0, False)
    assert run(["dead", BATCH, "--home", str(home), "--reason", "captcha"]) == 0
    assert capsys.readouterr().out == ""


def test_a_page_that_dies_in_every_batch_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = Home(tmp_path).create()
    journal = SqliteJournal(place.journal)

    def batch_that_ends(name: str, event: ItemEvent, after: ItemState, kind: OutcomeKind) -> None:
        batch = submit(
            journal, name, [Entry(1, "http://127.0.0.1/a", "127.0.0.1", "url:a")], created_at=1.7e9
        )
        [item] = journal.load_lane(batch, "127.0.0.1", after_id=0, limit=10)
        changeset = Changeset("L", [change(item, event, after, kind, "gone: 404")])
        journal.commit(changeset, now=0.0, wall=1.7e9, node="n")

    def second_line() -> str:
        assert run(["dead", "b2", "--home", str(tmp_path)]) == 0
        return capsys.readouterr().out.splitlines()[2].strip()

    batch_that_ends("b1", ItemEvent.EXHAUST, ItemState.DEAD, OutcomeKind.GONE)
    batch_that_ends("b2", ItemEvent.EXHAUST, ItemState.DEAD, OutcomeKind.GONE)
    assert second_line() == "died in each of 2 batches that wanted it; a retry may be in vain"
    batch_that_ends("b3", ItemEvent.FETCHED, ItemState.SUCCEEDED, OutcomeKind.FETCHED)
    assert second_line() == "died in 1 other batch, too; at least one has had it"
    journal.close()


@pytest.mark.parametrize("format_", ["json", "jsonl", "csv", "cue", "parquet"])
def test_every_format_is_exported_where_it_is_told_to_or_into_the_home(
    format_: str, home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (
        run(["export", BATCH, "--format", format_, "--out", str(tmp_path / "out"), "--home", str(home)]) == 0
    )
    assert list((tmp_path / "out").iterdir())
    assert run(["export", BATCH, "--format", format_, "--home", str(home)]) == 0
    assert list((home / "exports" / BATCH).iterdir())
    assert f"{format_}: 3 sets in " in capsys.readouterr().err


def test_an_export_to_stdout_is_data_and_nothing_else(
    home: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert run(["export", BATCH, "--format", "json", "--out", "-", "--home", str(home)]) == 0
    assert len(json.loads(capfdbinary.readouterr().out)) == 3


def test_saved_pages_are_parsed_a_line_each(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plain, packed = tmp_path / "a.html", tmp_path / "b.html.gz"
    plain.write_bytes(html(0).replace(b"</body>", b"<!-- \xff --></body>"))
    packed.write_bytes(gzip.compress(html(1)))
    url = f"http://127.0.0.1{PLAN.path(0)}"
    assert run(["parse", str(plain), str(packed), "--url", url]) == 0
    one, two = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert (one["file"], one["kind"], one["reason"]) == (str(plain), "tracklist", None)
    assert one["tracklists"][0]["url"] == url
    assert one["tracklists"][0]["quality_issues"][0] == "1 unreadable character"
    assert two["tracklists"][0]["quality"] is not None


def test_what_is_no_tracklist_is_named_and_ends_with_3(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pages = {
        "wait.html": block_page("wait", make_set(5, 0, PLAN.head(0)))[1].encode(),
        "cut.html": html(2)[:90_000],
        "empty.html": b"",
        "cut.html.gz": gzip.compress(html(2))[:20_000],
    }
    for name, body in pages.items():
        (tmp_path / name).write_bytes(body)
    assert run(["parse", *(str(tmp_path / name) for name in pages)]) == 3
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(t["kind"], t["tracklists"]) for t in told] == [("blocked", []), *[("unknown", [])] * 3]
    assert told[0]["reason"] == "wait"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["parse", "no.html"], "no file 'no.html' here"),
        (["parse", "no.html", "--url", "ftp://x"], "only http and https are"),
        (["export", BATCH, "--format", "mp3"], "choose one of json"),
        (["export", "nope", "--format", "cue"], "no batch 'nope'"),
        (["status", "nope"], "no batch 'nope'"),
        (["dead", "nope"], "no batch 'nope'"),
        (["scrape"], "no URL given"),
        (["scrape", "--resume", "nope"], "no batch 'nope'"),
        (["scrape", "x", "--resume", "nope"], "leave the URLs out"),
        (["scrape", "no-such-list.txt"], "no file 'no-such-list.txt' here"),
        (["scrape", "http://127.0.0.1/", "--fresh-for", "a day"], "or 0 to fetch every page"),
        (["scrape", "http://127.0.0.1/", "--max-wait", "long"], "--max-wait 'long' is no duration"),
        (["scrape", "http://127.0.0.1/", "--concurrency", "a=b"], "no whole number"),
        (["scrape", "https://example.org/"], "is a public host"),
        (["scrape", "ftp://example.org/"], "no line is a URL that can be fetched"),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, list) else "",
)
def test_wrong_usage_is_one_line_on_stderr(
    arguments: list[str],
    says: str,
    home: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TLRAY_HOME", str(home))
    monkeypatch.delenv("TLRAY_CONTACT", raising=False)
    assert run(arguments) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert says in told.err.splitlines()[-1]


def test_an_unknown_option_is_wrong_usage_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["scrape", "--no-such-option"]) == 2
    assert "--no-such-option" in capsys.readouterr().err


def test_an_export_in_the_home_is_private_and_one_elsewhere_is_as_the_user_has_it(
    home: Path, tmp_path: Path
) -> None:
    before = os.umask(0o022)
    try:
        assert run(["export", BATCH, "--format", "csv", "--home", str(home)]) == 0
        assert run(["export", BATCH, "--format", "cue", "--home", str(home)]) == 0
        assert (
            run(["export", BATCH, "--format", "csv", "--home", str(home), "--out", str(tmp_path / "t.csv")])
            == 0
        )
    finally:
        os.umask(before)
    made = list((home / "exports").rglob("*"))
    assert {path.stat().st_mode & 0o777 for path in made} == {0o600, 0o700}
    assert (tmp_path / "t.csv").stat().st_mode & 0o777 == 0o644
