"""A batch's sets as files, over HTTP."""

from __future__ import annotations

import csv
import io
import json
import zipfile

import httpx
import pyarrow.parquet as pq
import pytest
from conftest import Service, Site

from tlray.export.formats import names
from tlray.service.http.file_answers import MAX_SENT, bounded_range
from tlray.service.http.problems import ProblemError

pytestmark = pytest.mark.ray


@pytest.fixture(scope="module")
def batch_id(service: Service, site: Site) -> str:
    batch_id = service.submit(site.urls()[:12], name="to export")
    service.wait_for(batch_id)
    return batch_id


def export(http: httpx.Client, batch_id: str, **params: str) -> httpx.Response:
    answer = http.get(f"/api/v1/batch/{batch_id}/export", params=params)
    assert answer.status_code == 200, answer.text
    assert f'filename="{batch_id}.' in answer.headers["content-disposition"]
    return answer


def test_every_format_can_be_had(http: httpx.Client, batch_id: str, site: Site) -> None:
    urls = sorted(site.urls()[:12])
    as_json = export(http, batch_id, format="json")
    assert as_json.headers["content-type"] == "application/json"
    assert sorted(one["url"] for one in as_json.json()) == urls
    lines = export(http, batch_id, format="jsonl").text.splitlines()
    assert sorted(json.loads(line)["url"] for line in lines) == urls
    rows = list(csv.DictReader(io.StringIO(export(http, batch_id, format="csv").text)))
    assert {row["url"] for row in rows} == set(urls)
    assert len(rows) == sum(one["track_count"] for one in as_json.json())
    table = pq.read_table(io.BytesIO(export(http, batch_id, format="parquet").content))
    assert sorted(table.column("url").to_pylist()) == urls
    sheets = export(http, batch_id, format="cue")
    assert sheets.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(sheets.content)) as archive:
        assert archive.testzip() is None
        cues = [name for name in archive.namelist() if name.endswith(".cue")]
        assert cues
        assert all(archive.read(name).startswith((b"REM", b"PERFORMER", b"TITLE")) for name in cues)
    assert [f["name"] for f in http.get("/api/v1/formats").json()["formats"]] == list(names())


def test_a_file_is_taken_in_ranges(http: httpx.Client, batch_id: str) -> None:
    url = f"/api/v1/batch/{batch_id}/export?format=csv"
    whole = http.get(url)
    n = len(whole.content)
    assert http.head(url).headers["content-length"] == str(n)
    part = http.get(url, headers={"Range": "bytes=100-199", "If-Range": whole.headers["etag"]})
    assert (part.status_code, part.content) == (206, whole.content[100:200])
    assert part.headers["content-range"] == f"bytes 100-199/{n}"
    changed = http.get(url, headers={"Range": "bytes=100-199", "If-Range": '"another"'})
    assert (changed.status_code, len(changed.content)) == (200, n)
    beyond = http.get(url, headers={"Range": f"bytes={n}-"})
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{n}")


@pytest.mark.parametrize(
    ("asked", "n_bytes", "told"),
    [
        (None, 10, None),
        ("bytes=0-", 10, "bytes=0-9"),
        ("bytes=-3", 10, "bytes=7-9"),
        ("bytes=2-99", 10, "bytes=2-9"),
        ("bytes=0-", 10**9, f"bytes=0-{MAX_SENT - 1}"),
        ("bytes=5-999999999", 10**9, f"bytes=5-{MAX_SENT + 4}"),
        ("bytes=0-1,5-6", 10, None),  # several ranges, and what is no range, may be passed over
        ("bytes=-", 10, None),
        ("bytes=5-3", 10, None),
        ("bytes=20-15", 10, None),
        ("lines=1-2", 10, None),
    ],
)
def test_no_answer_is_longer_than_the_bound(asked: str | None, n_bytes: int, told: str | None) -> None:
    assert bounded_range(asked, n_bytes) == told


@pytest.mark.parametrize("asked", ["bytes=10-", "bytes=10-12", "bytes=-0"])
def test_a_range_beyond_the_end_is_refused(asked: str) -> None:
    with pytest.raises(ProblemError):
        bounded_range(asked, 10)


@pytest.mark.parametrize(
    "params", [{}, {"format": "mp3"}, {"format": "cue", "over_99": "maybe"}, {"format": "cue", "media": ""}]
)
def test_an_export_that_makes_no_sense_is_refused(
    http: httpx.Client, batch_id: str, params: dict[str, str]
) -> None:
    answer = http.get(f"/api/v1/batch/{batch_id}/export", params=params)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
