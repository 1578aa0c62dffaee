"""A list becomes a catalogue, on a real Ray, against the demo site."""

from __future__ import annotations

import io
import json
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest
from conftest import StartSite

import tlray
from tlray.cli import run
from tlray.core.model.lifecycle import ItemState
from tlray.errors import UsageError
from tlray.io.disk.home import Home
from tlray.io.journal.opening import open_reader
from tlray.io.results.warc import iter_records

pytestmark = [pytest.mark.ray, pytest.mark.usefixtures("kill_coordinators")]


def test_every_set_is_there_once_and_as_the_site_made_it(start_site: StartSite, tmp_path: Path) -> None:
    site = start_site("--sites=3", "--sets=45")
    urls = site.urls()
    batch = tlray.scrape([*urls, urls[0], "# a comment", "", "ftp://a/b"], home=tmp_path)

    assert (batch.state, batch.total, batch.duplicates, batch.n_rejected) == ("completed", 45, 1, 1)
    assert (batch.succeeded, batch.dead) == (45, 0)
    tracklists, tracks = tlray.load(batch.batch_id, home=tmp_path)
    assert Counter(tracklists.url) == Counter(urls)
    assert len(tracks) == batch.tracks == tracklists.track_count.sum()
    for row in tracklists.sample(8, random_state=1).itertuples():
        truth = site.truth(row.source_id)
        assert row.title == truth["title"]
        mine = tracks[tracks.url == row.url].sort_values("index")
        assert list(mine.text) == [track["text"] for track in truth["tracks"]]
        assert [None if pd.isna(c) else c for c in mine.cue_s] == [
            track["cue_s"] for track in truth["tracks"]
        ]
    robots = [a["site"] for a in site.arrivals() if a["path"] == "/robots.txt"]
    assert sorted(robots) == [0, 1, 2], "each site's robots.txt is asked for once"
    assert Counter(Counter(a["host"] + a["path"] for a in site.page_arrivals()).values()) == {1: 45}

    results = Home(tmp_path).results(batch.batch_id)
    assert len(pd.read_parquet(results / "tracks")) == len(tracks)
    assert len(list((results / "tracklists").iterdir())) == 1, "small parts are merged at the end"
    archived = [
        page.url
        for path in Home(tmp_path).archive(batch.batch_id).iterdir()
        for page in iter_records(io.BytesIO(path.read_bytes()))
    ]
    assert sorted(archived) == sorted(urls)


def test_a_refresh_fetches_known_sets_again_within_its_budget(
    start_site: StartSite, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    site = start_site("--sets=6")
    tlray.scrape(site.urls(), home=tmp_path)
    capsys.readouterr()
    assert run(["refresh", "--budget", "4", "--home", str(tmp_path), "--json"]) == 0
    told = capsys.readouterr()
    assert json.loads(told.out)["succeeded"] == 4
    assert "likely to have changed" in told.err
    fetched = Counter(a["path"] for a in site.page_arrivals())
    assert sorted(fetched.values()) == [1, 1, 2, 2, 2, 2]
    assert len(tlray.load(home=tmp_path)[0]) == 6, "the newest version of each set"
    assert len(tlray.changes(home=tmp_path)) == 0


def test_every_fault_ends_as_its_own_outcome(
    start_site: StartSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [
        "404",
        "410",
        "gone",
        "image",
        "big-body",
        "gzip-bomb",
        "403",
        "redirect-loop",
        "half:always",
        "robots",
    ]
    site = start_site("--sites=1", "--sets=200", "--faults=" + ",".join(f"{name}=0.02" for name in names))
    monkeypatch.setenv("TLRAY_FETCH_TIMEOUT_S", "10")
    batch = tlray.scrape(site.urls(), home=tmp_path, max_attempts=2)

    faults = {a["path"]: a["fault"] for a in site.page_arrivals()}
    with open_reader(tmp_path) as journal:
        items = list(journal.items(batch.batch_id))
        stories = {item.url: journal.attempts([item.item_id])[item.item_id] for item in items}
    seen: dict[str, set[str]] = {}
    for item in items:
        fault = faults.get("/" + item.url.split("/", 3)[3]) or (
            "robots" if item.state is ItemState.SKIPPED else None
        )
        kind = stories[item.url][-1].kind if stories[item.url] else "fetched"
        seen.setdefault(str(fault), set()).add(f"{item.state}: {kind}")
    assert seen.pop("None") == {"succeeded: fetched"}
    assert seen == {
        "404": {"dead: gone"},
        "410": {"dead: gone"},
        "gone": {"dead: gone"},
        "image": {"dead: wrong-type"},
        "big-body": {"dead: too-large"},
        "gzip-bomb": {"dead: too-large"},
        "403": {"dead: forbidden"},
        "redirect-loop": {"dead: redirected"},
        "half": {"dead: unreadable"},
        "robots": {"skipped: robots"},
    }
    assert batch.succeeded + batch.dead + batch.skipped == batch.total == 200


def test_transient_faults_are_retried_and_nothing_is_lost(start_site: StartSite, tmp_path: Path) -> None:
    site = start_site(
        "--sites=2", "--sets=60", "--faults=500=0.1,reset=0.1,truncated=0.1,503-retry-after@1=0.05"
    )
    batch = tlray.scrape(site.urls(), home=tmp_path)

    assert (batch.succeeded, batch.dead) == (60, 0)
    n_faults = sum(1 for a in site.page_arrivals() if a["fault"])
    assert len(site.page_arrivals()) == 60 + n_faults > 65


def test_a_block_page_cools_its_domain_down_and_max_wait_gives_up(
    start_site: StartSite, tmp_path: Path
) -> None:
    site = start_site("--sites=1", "--sets=30", "--block=turnstile:10:3600")
    with pytest.raises(tlray.errors.CannotFinish, match="blocked: turnstile"):
        tlray.scrape(site.urls(), home=tmp_path, rates={"127.0.0.1": "20/s"}, max_wait_s=60)

    with open_reader(tmp_path) as journal:
        (row, counts), *_ = journal.batch_summaries()
    assert counts[ItemState.SUCCEEDED] == 10
    assert counts.get(ItemState.QUEUED, 0) + counts.get(ItemState.WAITING, 0) == 20
    assert len(site.page_arrivals()) <= 13, "nothing begins once a domain cools down"
    assert row.state == "paused"


def test_a_list_without_one_good_url_makes_no_batch(tmp_path: Path, ray_here: None) -> None:
    for bad, why in (
        ([], "no URL given"),
        (["example.org/x"], "no scheme"),
        (["ftp://example.org/x"], "only http and https"),
        (["http://127.0.0.1/" + "x" * 3000], "characters"),
    ):
        with pytest.raises(UsageError, match=why):
            tlray.scrape(bad, home=tmp_path)
    with pytest.raises(UsageError, match="--contact"):
        tlray.scrape(["https://example.org/x"], home=tmp_path)
    assert not Home(tmp_path).journal.exists(), "it ends before anything is made"
