"""An export of a batch that has no sets yet is a valid file of each format; ranges and ETags are as RFC 9110 has them."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import httpx
import pyarrow.parquet as pq
import pytest
from alone import service

from tlray.export.formats import all_formats, get
from tlray.io.export.zip_archive import MEDIA_TYPE, write_zip
from tlray.model import Tracklist
from tlray.service.http.file_answers import is_known
from tlray.service.routes.exports import KINDS

URL = "/api/v1/batch/b/export"


@pytest.fixture
def http(tmp_path: Path) -> httpx.AsyncClient:
    """A service whose batch has no parts."""
    return service(tmp_path, {"manifest": ([], 0)})


async def export(http: httpx.AsyncClient, format_: str, **headers: str) -> httpx.Response:
    return await http.get(URL, params={"format": format_}, headers=headers)


async def test_of_no_sets_every_format_makes_a_valid_file(http: httpx.AsyncClient) -> None:
    for format_ in all_formats():
        answer = await export(http, format_.name)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"].partition(";")[0] in KINDS
    assert (await export(http, "json")).json() == []
    assert (await export(http, "jsonl")).content == b""
    assert (await export(http, "csv")).text.count("\n") == 1
    assert pq.read_table(io.BytesIO((await export(http, "parquet")).content)).num_rows == 0
    with zipfile.ZipFile(io.BytesIO((await export(http, "cue")).content)) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["left-out.txt"]
        assert archive.read("left-out.txt") == b"there are no sets\n"


async def test_a_formats_options_are_parameters_of_the_query(http: httpx.AsyncClient) -> None:
    marked = await http.get(
        URL, params={"format": "csv", "bom": "true", "strict": "true"}
    )  # strict is of another format
    assert marked.content.startswith(b"\xef\xbb\xbf")
    assert (
        await http.get(URL, params={"format": "cue", "cue_precision": "minute,logged"})
    ).status_code == 200
    for name, value in (
        ("bom", "maybe"),
        ("cue_precision", "minute,half"),
        ("over_99", "half"),
        ("title", "x"),
    ):
        assert (await http.get(URL, params={"format": "cue", name: value})).status_code == 422, name


def test_of_sets_without_a_start_the_archive_says_why(tmp_path: Path) -> None:
    out = tmp_path / "sheets.zip"
    without = Tracklist(
        url="https://a.org/1",
        site="s",
        source_id="1",
        title="No Cues",
        tracks=[],
        parser="p/1",
        track_count=0,
        identified_count=0,
        cued_count=0,
    )
    assert write_zip([without], get("cue"), out) == 0
    with zipfile.ZipFile(out) as archive:
        assert archive.namelist() == ["left-out.txt"]
        assert archive.read("left-out.txt").startswith(b"No Cues [1]: ")


def test_every_kind_of_file_is_in_the_document() -> None:
    told = {MEDIA_TYPE if not f.fits_one_file else f.media_type.partition(";")[0] for f in all_formats()}
    assert set(KINDS) == told


async def test_a_range_that_is_none_is_passed_over_and_one_beyond_the_end_refused(
    http: httpx.AsyncClient,
) -> None:
    whole = await export(http, "csv")
    n = len(whole.content)
    for none in ("bytes=5-1", f"bytes={n + 5}-{n + 1}", "bytes=a-b", "lines=1-2"):
        answer = await export(http, "csv", Range=none)
        assert (answer.status_code, answer.content) == (200, whole.content), none
    beyond = await export(http, "csv", Range=f"bytes={n}-{n + 9}")
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{n}")
    part = await export(http, "csv", Range="bytes=1-5")
    assert (part.status_code, part.content) == (206, whole.content[1:6])


async def test_who_has_the_file_is_not_sent_it_again(http: httpx.AsyncClient) -> None:
    etag = (await export(http, "csv")).headers["etag"]
    for named in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        answer = await export(http, "csv", **{"If-None-Match": named, "Range": "bytes=0-1"})
        assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", etag), named
    assert (await export(http, "csv", **{"If-None-Match": '"other"'})).status_code == 200
    assert (
        await http.head(URL, params={"format": "csv"}, headers={"If-None-Match": etag})
    ).status_code == 304


@pytest.mark.parametrize(
    ("headers", "known"),
    [([], False), ([""], False), (['"a"'], True), (['"b"', '"a"'], True), (["a"], False)],
)
def test_an_etag_is_looked_for_in_all_that_are_named(headers: list[str], known: bool) -> None:
    assert is_known(headers, '"a"') is known


def examples_of(document: dict[str, Any], path: str, status: str = "200") -> dict[str, Any]:
    content = document["paths"][path]["get"]["responses"][status]["content"]
    return {kind: media.get("example") for kind, media in content.items()}


async def test_the_document_shows_what_an_export_looks_like_and_where_the_socket_is(
    http: httpx.AsyncClient,
) -> None:
    document = (await http.get("/openapi.json")).json()
    shown = examples_of(document, "/api/v1/batch/{batch_id}/export")
    assert {kind for kind, example in shown.items() if example} == {
        "application/json",
        "application/x-ndjson",
        "text/csv",
    }
    assert json.dumps(shown["application/json"][0]) == json.dumps(shown["application/x-ndjson"])
    assert examples_of(document, "/api/v1/tokens")["application/json"][0]["user"] == "ada"
    events = document["paths"]["/api/v1/batch/{batch_id}/events"]["get"]
    assert "/ws/batch/{batch_id}/progress" in events["description"]
    assert events["summary"] == "Stream the progress of a batch as server-sent events, until it ends"
