"""The catalogue over HTTP: search, one set, its versions, changes; and whose sets a user sees."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from alone import faults, service
from made_catalogue import MadeHome
from made_sets import a_set, a_track

from tlray.core.access.path_part import in_path
from tlray.core.access.tokens import digest_of, spell
from tlray.export.formats import all_formats
from tlray.io.catalogue import catch_up as catch_up_module
from tlray.io.catalogue.newest import merge_all
from tlray.model import Tracklist
from tlray.service.routes import catalogue, catalogue_exports

SET = "/api/v1/catalogue/1001tracklists/s1"
TOKENS = {user: spell(user.encode()[:3], user.encode() * 8 + b"x" * 8).text for user in ("ann", "bob", "eve")}
HOLDERS = {
    digest_of(token): {"user": user, "scopes": ["admin" if user == "eve" else "read"]}
    for user, token in TOKENS.items()
}


def night(*names: str, hour: int = 12, source_id: str = "s1", **given: Any) -> Tracklist:
    tracks = [a_track(n, artist=name, title=f"T{name}") for n, name in enumerate(names, 1)]
    return a_set(
        *tracks,
        source_id=source_id,
        fetched_at=datetime(2026, 11, 1, hour, tzinfo=UTC),
        **{"quality": 0.5} | given,
    )


@pytest.fixture
def made(tmp_path: Path) -> Iterator[MadeHome]:
    made = MadeHome(tmp_path)
    made.batch(
        "b1",
        [night("A", "Secret")],
        [night("A", source_id="s/2?#ä", quality=0.9, quality_issues=["no date"])],
        owner="ann",
    )
    made.batch("b2", [night("A", hour=13)], owner="bob")
    yield made
    made.close()


def client(tmp_path: Path, user: str | None = None) -> httpx.AsyncClient:
    says = {"requires_token": user is not None, "token_holders": HOLDERS}
    http = service(tmp_path, says)
    if user is not None:
        http.headers["Authorization"] = f"Bearer {TOKENS[user]}"
    return http


async def test_a_search_has_a_total_and_goes_on_at_its_cursor(made: MadeHome, tmp_path: Path) -> None:
    http = client(tmp_path)
    first = (await http.get("/api/v1/catalogue", params={"limit": 1})).json()
    assert (first["total"], first["quality"], first["behind"]) == (2, 0.7, 0)
    assert first["catalogue"] == {"sets": 2, "mean": 0.7, "issues": {"no date": 1}}
    assert first["sets"][0]["issues"] == []
    (last,) = first["sets"]
    assert (last["source_id"], last["batch_id"], last["djs"], last["n_versions"]) == (
        "s1",
        "b2",
        ["Someone"],
        1,
    )
    second = (await http.get("/api/v1/catalogue", params={"limit": 2, "cursor": first["next_cursor"]})).json()
    assert [found["source_id"] for found in second["sets"]] == ["s/2?#ä"]
    assert second["next_cursor"] is None
    good = await http.get(
        "/api/v1/catalogue",
        params={
            "q": "ta", "dj": "someone", "artist": "a", "source": "1001tracklists", "from": "2026-05-15", "to": "2026-05-15",
            "min_quality": "0.8",
        },
    )  # fmt: skip
    assert [(found["source_id"], found["issues"]) for found in good.json()["sets"]] == [
        ("s/2?#ä", ["no date"])
    ]
    assert good.json()["catalogue"] == first["catalogue"], "of all sets, not of those that are found"
    assert (await http.get("/api/v1/catalogue", params={"label": "none"})).json()["total"] == 0


@pytest.mark.parametrize(
    ("query", "where"),
    [
        ({"q": "--"}, "query.q"),
        ({"dj": "a*"}, "query.dj"),
        ({"from": "yesterday"}, "query.from"),
        ({"from": "2026-W01-1"}, "query.from"),
        ({"to": "20261101"}, "query.to"),
        ({"min_quality": "2"}, "query.min_quality"),
        ({"artits": "x"}, "query.artits"),
    ],
)
async def test_a_condition_that_cannot_be_meant_is_named(
    made: MadeHome, tmp_path: Path, query: dict[str, str], where: str
) -> None:
    assert [place for place, _ in faults(await client(tmp_path).get("/api/v1/catalogue", params=query))] == [
        where
    ]


async def test_a_cursor_of_another_list_is_refused(made: MadeHome, tmp_path: Path) -> None:
    http = client(tmp_path)
    answer = await http.get("/api/v1/catalogue", params={"cursor": "x"})
    assert answer.status_code == 400
    assert faults(await http.get("/api/v1/changes", params={"since": "x"}))[0][0] == "query.since"
    assert faults(await http.get("/api/v1/changes", params={"site": "x"}))[0][0] == "query.site"


async def test_a_set_is_whole_and_has_its_versions(made: MadeHome, tmp_path: Path) -> None:
    http = client(tmp_path)
    whole = (await http.get(SET)).json()
    assert [track["artist"] for track in whole["tracks"]] == ["A"]
    assert (whole["batch_id"], whole["fetched_at"]) == ("b2", "2026-11-01T13:00:00Z")
    strange = (await http.get("/api/v1/catalogue/1001tracklists/s%2F2%3F%23%C3%A4")).json()
    assert strange["source_id"] == "s/2?#ä"
    versions = (await http.get(f"{SET}/versions")).json()["versions"]
    assert [(v["batch_id"], v["is_newest"], v["version"], v["changes"]) for v in versions] == [
        ("b2", True, 2, {}), ("b1", False, 1, {})
    ]  # fmt: skip
    older = (await http.get(f"{SET}?version=1")).json()
    assert [track["artist"] for track in older["tracks"]] == ["A", "Secret"]
    assert (older["batch_id"], older["track_count"], older["n_versions"]) == ("b1", 2, whole["n_versions"])
    assert (await http.get(f"{SET}?version=2")).json() == whole
    assert (await http.get(f"{SET}?version=3")).status_code == 404
    assert faults(await http.get(f"{SET}?version=1&merged=true"))[0][0] == "query.version"
    for path in (f"{SET}9", f"{SET}9/versions", "/api/v1/catalogue/nowhere/s1"):
        assert (await http.get(path)).status_code == 404


async def test_a_set_names_those_of_other_sites_that_are_the_same_performance(
    made: MadeHome, tmp_path: Path
) -> None:
    names = ("A", "B", "C", "D", "E")
    made.batch("b3", [night(*names, source_id="p")], owner="ann")
    elsewhere = night(
        *names[:4], site="mixesdb", source_id="m/1", url="https://m.test/1", date=date(2026, 5, 16)
    )
    elsewhere.tracks[0].labels = ["L"]
    made.batch("b4", [elsewhere], [night("X", "Y", source_id="other", djs=["Nobody"])], owner="ann")
    ann, bob, eve = (client(tmp_path, user) for user in ("ann", "bob", "eve"))
    path = "/api/v1/catalogue/1001tracklists/p"
    assert (await bob.get(path)).status_code == 404
    for http in (ann, eve):
        (link,) = (await http.get(path)).json()["same_as"]
        assert (link["site"], link["source_id"], link["url"]) == ("mixesdb", "m/1", "https://m.test/1")
        assert 0 < link["score"] < 1
        assert link["reasons"][0] == "4 tracks in the same order, 100% of the shorter list"
    alone = (await ann.get("/api/v1/catalogue/1001tracklists/other?merged=true")).json()
    assert (alone["same_as"], alone["merged_from"]) == ([], ["1001tracklists:other"])
    plain = (await ann.get(path)).json()
    assert "merged_from" not in plain
    answers = [
        (await ann.get(f"{place}?merged=true")).json() for place in (path, "/api/v1/catalogue/mixesdb/m%2F1")
    ]
    assert [answer.pop("same_as")[0]["site"] for answer in answers] == ["mixesdb", "1001tracklists"]
    assert answers[0] == answers[1]
    merged = answers[0]
    assert (merged["source_id"], merged["merged_from"]) == ("p", ["1001tracklists:p", "mixesdb:m/1"])
    assert merged["sources_of"]["date"] == "1001tracklists:p"
    assert merged["tracks"][0]["labels"] == ["L"]
    assert merged["tracks"][0]["sources_of"] == {"name": "1001tracklists:p", "labels": "mixesdb:m/1"}
    assert merged["conflicts"] == [
        {"field": "date", "index": None, "values": {"1001tracklists:p": "2026-05-15", "mixesdb:m/1": "2026-05-16"}}
    ]  # fmt: skip


async def test_a_user_sees_the_sets_of_their_own_batches_and_an_admin_all(
    made: MadeHome, tmp_path: Path
) -> None:
    made.batch("b3", [night("A", "B", hour=14)], owner="bob")
    ann, bob, eve = (client(tmp_path, user) for user in ("ann", "bob", "eve"))
    pages = [(await http.get("/api/v1/catalogue")).json() for http in (ann, bob, eve)]
    assert [page["total"] for page in pages] == [page["catalogue"]["sets"] for page in pages] == [2, 1, 2]
    assert [page["catalogue"]["issues"] for page in pages] == [{"no date": 1}, {}, {"no date": 1}]
    secrets = [(await http.get("/api/v1/catalogue?q=secret")).json()["total"] for http in (ann, bob, eve)]
    assert secrets == [1, 0, 0]
    assert (await bob.get("/api/v1/catalogue/1001tracklists/s%2F2%3F%23%C3%A4")).status_code == 404
    assert len((await ann.get(SET)).json()["tracks"]) == 2
    assert len((await ann.get(f"{SET}/versions")).json()["versions"]) == 1
    assert len((await eve.get(f"{SET}/versions")).json()["versions"]) == 3
    changes = [(await http.get("/api/v1/changes")).text.count("\n") for http in (ann, bob, eve)]
    assert changes == [0, 1, 1]


async def test_an_export_has_the_newest_versions_that_a_user_sees(made: MadeHome, tmp_path: Path) -> None:
    path = "/api/v1/catalogue/export"
    ann, bob, eve = (client(tmp_path, user) for user in ("ann", "bob", "eve"))

    async def sets(http: httpx.AsyncClient, **query: Any) -> list[tuple[str, int]]:
        answer = await http.get(path, params={"format": "jsonl"} | query)
        assert answer.status_code == 200, answer.text
        lines = map(json.loads, answer.text.splitlines())
        return sorted((one["source_id"], one["track_count"]) for one in lines)

    for _ in range(2):
        assert await sets(ann) == [("s/2?#ä", 1), ("s1", 2)]
        assert await sets(bob) == [("s1", 1)]
        assert await sets(eve) == [("s/2?#ä", 1), ("s1", 1)]
        merge_all(made.home)  # the few large files have those of all users
    assert await sets(ann, min_quality=0.8) == [("s/2?#ä", 1)]
    assert await sets(bob, min_quality=0.8) == []
    whole = await eve.get(path, params={"format": "csv"})
    assert 'filename="all.csv"' in whole.headers["content-disposition"]
    known = {"If-None-Match": whole.headers["etag"]}
    assert (await eve.get(path, params={"format": "csv"}, headers=known)).status_code == 304
    made.batch("b3", [night("A", "B", "C", hour=14)], owner="bob")
    assert await sets(eve) == [("s/2?#ä", 1), ("s1", 3)]
    assert await sets(ann) == [("s/2?#ä", 1), ("s1", 2)]
    assert (await eve.get(path, params={"format": "csv"}, headers=known)).status_code == 200
    assert (
        faults(await eve.get(path, params={"format": "csv", "min_quality": "2"}))[0][0] == "query.min_quality"
    )


async def test_an_export_has_what_a_search_with_the_same_conditions_finds(
    made: MadeHome, tmp_path: Path
) -> None:
    made.batch(
        "b3", [night("A", "B", source_id="s3", djs=["Cleo"], date=date(2026, 5, 1), quality=0.9)], owner="ann"
    )
    searches: list[dict[str, Any]] = [
        {"q": "secret"}, {"q": "a", "min_quality": 0.8}, {"dj": "cleo"}, {"artist": "b"}, {"label": "none"},
        {"source": "1001tracklists", "from": "2026-05-01", "to": "2026-05-01"}, {"from": "2027-01-01"},
    ]  # fmt: skip
    path, n_found = "/api/v1/catalogue", []
    for is_merged in (False, True):
        for user in ("ann", "bob", "eve"):
            http = client(tmp_path, user)
            for query in searches:
                found = (await http.get(path, params=query)).json()["sets"]
                answer = await http.get(f"{path}/export", params={"format": "jsonl", **query})
                assert answer.status_code == 200, answer.text
                ids = {json.loads(line)["source_id"] for line in answer.text.splitlines()}
                assert ids == {one["source_id"] for one in found}, (user, query)
                assert not answer.text or 'filename="found.jsonl"' in answer.headers["content-disposition"]
                n_found.append(len(ids))
        if not is_merged:
            merge_all(made.home)
    assert n_found[:7] == [1, 2, 1, 1, 0, 1, 0]
    both = {"format": "jsonl", "merged": "true"}
    for wrong, where in (
        ({"q": "**"}, "query.q"),
        ({"from": "yesterday"}, "query.from"),
        (both | {"dj": "cleo"}, "query.merged"),
        ({"site": "x"}, "query.site"),
        ({"version": "1"}, "query.version"),
        ({"site": "x", "source_id": "s1", "q": "a"}, "query.site"),
    ):
        answer = await client(tmp_path, "ann").get(f"{path}/export", params={"format": "csv", **wrong})
        assert faults(answer)[0][0] == where


async def test_one_set_is_exported_in_each_format_named_after_it(made: MadeHome, tmp_path: Path) -> None:
    cued = [a_track(n, 60.0 * n, artist="A", title=f"T{n}", recording=1) for n in (1, 2)]
    split = [a_track(n, 60.0, artist="A", title=f"T{n}", recording=n) for n in (1, 2)]
    of_two = a_set(*split, source_id="two", recordings=["x", "y"], title="Two")
    made.batch("b3", [a_set(*cued, source_id="..", title="Night “A”")], [of_two], owner="ann")
    ann, bob = (client(tmp_path, user) for user in ("ann", "bob"))
    path, dots = "/api/v1/catalogue/export", {"site": "1001tracklists", "source_id": ".."}

    async def file(name: str, **of: Any) -> httpx.Response:
        answer = await ann.get(path, params={"format": name, **of})
        assert answer.status_code == 200, (name, answer.text)
        return answer

    for format_ in all_formats():
        answer = await file(format_.name, **dots)
        assert answer.headers["content-type"].partition(";")[0] == format_.media_type.partition(";")[0]
        assert answer.content
        assert quote(format_.suffix) in answer.headers["content-disposition"]
    sheet = await file("cue", **dots)
    assert "INDEX 01 02:00:00" in sheet.text
    known = {"If-None-Match": sheet.headers["etag"]}
    assert (await ann.get(path, params={"format": "cue", **dots}, headers=known)).status_code == 304
    for source_id in ("two", "s1"):  # two files; none, and why
        assert (await file("cue", site="1001tracklists", source_id=source_id)).content.startswith(b"PK")
    of_first = {"site": "1001tracklists", "source_id": "s1"}
    assert json.loads((await file("jsonl", **of_first, version=1)).text)["track_count"] == 2
    assert (await file("jsonl", **of_first, merged="true")).json()["merged_from"] == ["1001tracklists:s1"]
    for http, query in ((bob, dots), (ann, of_first | {"version": 9}), (ann, dots | {"source_id": "..."})):
        assert (await http.get(path, params={"format": "cue", **query})).status_code == 404


async def test_an_export_of_a_catalogue_that_lacks_results_is_refused_for_now(
    made: MadeHome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catch_up_module, "WINDOW", 1)
    monkeypatch.setattr(catalogue_exports, "CATCH_UP_S", 0.0)
    answer = await client(tmp_path).get("/api/v1/catalogue/export", params={"format": "csv"})
    assert (answer.status_code, answer.headers["retry-after"].isdigit()) == (503, True)
    assert "lacks about 2 results" in answer.json()["detail"]


async def test_an_export_is_merged_of_a_users_own_sets(made: MadeHome, tmp_path: Path) -> None:
    names = ("A", "B", "C", "D", "E")
    made.batch("b3", [night(*names, source_id="p")], owner="ann")
    elsewhere = night(*names, site="mixesdb", source_id="m", url="https://m.test/1")
    made.batch("b4", [elsewhere], owner="bob")
    merged = {}
    for user in ("ann", "bob", "eve"):
        params = {"format": "jsonl", "merged": "true"}
        answer = await client(tmp_path, user).get("/api/v1/catalogue/export", params=params)
        assert 'filename="merged.jsonl"' in answer.headers["content-disposition"]
        merged[user] = sorted(sorted(json.loads(line)["merged_from"]) for line in answer.text.splitlines())
    assert merged == {
        "ann": [["1001tracklists:p"], ["1001tracklists:s/2?#ä"], ["1001tracklists:s1"]],
        "bob": [["1001tracklists:s1", "mixesdb:m"]],  # of those that bob sees, the one that is like it
        "eve": [["1001tracklists:p", "mixesdb:m"], ["1001tracklists:s/2?#ä"], ["1001tracklists:s1"]],
    }


async def test_changes_are_followed_from_a_cursor_or_a_moment(
    made: MadeHome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalogue, "LOOK_EVERY_S", 0.01)
    http = client(tmp_path)
    none = await http.get("/api/v1/changes")
    assert (none.text, none.headers["content-type"]) == ("", "application/x-ndjson")
    waiting = asyncio.create_task(
        http.get("/api/v1/changes", params={"since": none.headers["x-next-cursor"], "follow": "true"})
    )
    await asyncio.sleep(0.05)
    made.batch("b3", [night("A", "B", hour=14)], owner="bob")
    lines = (await waiting).text.splitlines()
    (change,) = map(json.loads, lines)
    assert (change["kind"], change["source_id"], change["batch_id"]) == ("added", "s1", "b3")
    for since in (change["cursor"], "2026-11-01T15:00:00Z"):
        answer = await http.get("/api/v1/changes", params={"since": since})
        assert (answer.text, answer.headers["x-next-cursor"]) == ("", since)
    of_set = {"site": "1001tracklists", "source_id": "s1"}
    assert (await http.get("/api/v1/changes", params=of_set)).text.count("\n") == 1
    assert (await http.get("/api/v1/changes", params=of_set | {"source_id": "s9"})).text == ""


async def test_changes_are_read_backwards_from_the_newest(made: MadeHome, tmp_path: Path) -> None:
    for n in range(1, 5):
        made.batch(f"c{n}", [night("A", *"BCDE"[:n], hour=13 + n)], owner="bob")
    http = client(tmp_path)
    query = {"site": "1001tracklists", "source_id": "s1", "order": "newest", "limit": "3"}
    pages, before = [], None
    while True:
        answer = await http.get("/api/v1/changes", params=query | ({"before": before} if before else {}))
        if not answer.text:
            break
        pages.append([json.loads(line) for line in answer.text.splitlines()])
        before = answer.headers["x-next-cursor"]
    assert [[change["after"] for change in page] for page in pages] == [
        ["E - TE", "D - TD", "C - TC"],
        ["B - TB"],
    ]
    assert (before, answer.headers["x-next-cursor"]) == (pages[-1][-1]["cursor"],) * 2
    between = {"since": pages[1][0]["cursor"], "before": pages[0][0]["cursor"]}
    for order, found in (("oldest", ["C - TC", "D - TD"]), ("newest", ["D - TD", "C - TC"])):
        lines = (await http.get("/api/v1/changes", params=between | {"order": order})).text.splitlines()
        assert [json.loads(line)["after"] for line in lines] == found
    none = await http.get("/api/v1/changes", params=query | {"source_id": "s9"})
    rest = await http.get(
        "/api/v1/changes", params={"order": "newest", "before": none.headers["x-next-cursor"]}
    )
    assert (none.text, rest.text) == ("", "")


async def test_backwards_is_no_way_to_follow(made: MadeHome, tmp_path: Path) -> None:
    http = client(tmp_path)
    cursor = (await http.get("/api/v1/changes")).headers["x-next-cursor"]
    for wrong in ({"order": "newest"}, {"before": cursor}):
        answer = await http.get("/api/v1/changes", params={"follow": "true"} | wrong)
        assert faults(answer)[0][0] == "query.follow"
    assert faults(await http.get("/api/v1/changes?order=latest"))[0][0] == "query.order"
    for wrong_cursor in ("x", "2026-11-01", ""):
        assert (await http.get("/api/v1/changes", params={"before": wrong_cursor})).status_code == 400


async def test_a_response_of_changes_is_bounded(
    made: MadeHome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalogue, "MAX_BYTES", 1)
    made.batch("b3", [night("A", "B", "C", hour=14)], owner="bob")
    http = client(tmp_path)
    since, seen = None, []
    while True:
        answer = await http.get("/api/v1/changes", params={"since": since} if since else {})
        if not answer.text:
            break
        seen += [json.loads(line)["after"] for line in answer.text.splitlines()]
        assert since != answer.headers["x-next-cursor"]
        since = answer.headers["x-next-cursor"]
    assert seen == ["B - TB", "C - TC"]


async def test_a_batch_has_the_quality_of_its_sets(made: MadeHome, tmp_path: Path) -> None:
    http = service(tmp_path, {"status": {"batch_id": "b1"}})
    assert (await http.get("/api/v1/batch/b1/status")).json()["quality"] == {
        "sets": 0,
        "mean": None,
        "issues": {},
    }
    await http.get("/api/v1/catalogue")  # here nobody else reads the journal
    assert (await http.get("/api/v1/batch/b1/status")).json() == {
        "batch_id": "b1", "quality": {"sets": 2, "mean": 0.7, "issues": {"no date": 1}},
    }  # fmt: skip


async def test_a_name_and_facets_are_told_to_whoever_has_the_sets(made: MadeHome, tmp_path: Path) -> None:
    http, bob = client(tmp_path), client(tmp_path, "bob")
    ann = client(tmp_path, "ann")
    found = (await ann.get("/api/v1/catalogue/names", params={"kind": "artist", "name": "secret"})).json()
    assert (found["sets"], found["plays"], found["newest"][0]["batch_id"]) == (1, 1, "b1")
    assert (await http.get("/api/v1/catalogue/names?kind=artist&name=Secret")).status_code == 404, (
        "not in the newest"
    )
    assert (await bob.get("/api/v1/catalogue/names?kind=artist&name=Secret")).status_code == 404
    assert (await bob.get("/api/v1/catalogue/names?kind=artist&name=a")).json()["sets"] == 1
    assert faults(await http.get("/api/v1/catalogue/names?kind=dj&name=!"))[0][0] == "query.name"
    assert faults(await http.get("/api/v1/catalogue/names?kind=event&name=x"))[0][0] == "query.kind"
    assert (await http.get("/api/v1/catalogue/facets")).json()["total"] == 2
    assert (await bob.get("/api/v1/catalogue/facets?from=2001-01-01")).json() == {
        "total": 1, "years": [{"year": "2026", "sets": 1}], "sites": [{"site": "1001tracklists", "sets": 1}],
    }  # fmt: skip
    assert faults(await http.get("/api/v1/catalogue/facets?dj=a*"))[0][0] == "query.dj"


async def test_an_id_that_ends_in_versions_is_a_set_of_its_own(tmp_path: Path) -> None:
    made = MadeHome(tmp_path)
    ids = ["x", "x/versions", "x/versions/", "versions", "/versions"]
    made.batch("b1", *([night(*"ABCDE"[: n + 1], source_id=one)] for n, one in enumerate(ids)))
    made.close()
    http = client(tmp_path)
    for n, one in enumerate(ids, 1):
        path = f"/api/v1/catalogue/1001tracklists/{in_path(one)}"
        found = (await http.get(path)).json()
        assert (found["source_id"], found["track_count"]) == (one, n)
        (version,) = (await http.get(f"{path}/versions")).json()["versions"]
        assert version["track_count"] == n
