"""Files over HTTP: a form or one body, in one request or in pieces; all of them or nothing, each with its reason."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import httpx
import pytest
from conftest import Service
from test_submission import problem

from tlray.service.submission.uploaded_files import MAX_FORM_FILES

pytestmark = pytest.mark.ray
IMPORT = "/api/v1/import"
OCTETS = {"content-type": "application/octet-stream"}


def sheet(name: str) -> bytes:
    rows = (
        f'  TRACK {n:02} AUDIO\n    TITLE "T{n}"\n    PERFORMER "P{n}"\n    INDEX 01 {4 * n - 4:02}:00:00\n'
        for n in range(1, 6)
    )
    return (f'PERFORMER "DJ"\nTITLE "Set {name}"\nFILE "a.mp3" MP3\n' + "".join(rows)).encode()


def zipped(**members: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in members.items():
            archive.writestr(name, body)
    return out.getvalue()


def form(*files: tuple[str, bytes]) -> list[tuple[str, tuple[str, bytes]]]:
    return [("file", file) for file in files]


def kept(service: Service, batch_id: str) -> list[Path]:
    return [path for path in (service.home / "uploads" / batch_id).rglob("*") if path.is_file()]


def dead(http: httpx.Client, batch_id: str) -> dict[str, str]:
    rows = http.get("/api/v1/dead-letters", params={"batch_id": batch_id}).json()["dead_letters"]
    return {row["url"].removeprefix("file:///"): row["reason"] for row in rows}


def test_files_become_a_batch_and_what_holds_no_set_has_a_reason(
    http: httpx.Client, service: Service
) -> None:
    entities = b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><rss version="2.0"><channel>&x;</channel></rss>'
    sent = form(
        ("../../etc/one.cue", sheet("one")),
        ("copy.cue", sheet("one")),
        ("page.txt.gz", gzip.compress(sheet("two"))),
        ("some.zip", zipped(**{"in/three.cue": sheet("three"), "../evil.cue": sheet("evil")})),
        ("empty.txt", b""),
        ("noise.bin", bytes(range(256)) * 9),
        ("entities.xml", entities),
        ("bomb.gz", gzip.compress(bytes(80_000_000))),
        ("half.zip", zipped(a=b"x" * 999)[:-30]),
    )
    answer = http.post(IMPORT, files=sent, params={"name": "my files"})
    receipt = answer.json()
    assert answer.status_code == 202, receipt
    assert answer.headers["location"] == f"/api/v1/batch/{receipt['batch_id']}/status"
    assert (receipt["total"], receipt["duplicates"], receipt["n_rejected"]) == (6, 1, 3)
    refused = {line["url"]: line["reason"] for line in receipt["rejected"]}
    assert refused.keys() == {"some.zip/../evil.cue", "bomb.gz", "half.zip"}
    assert "leads out of the archive" in refused["some.zip/../evil.cue"]
    assert "too large" in refused["bomb.gz"]
    done = service.wait_for(receipt["batch_id"])
    assert (done["name"], done["counts"]["succeeded"], done["counts"]["dead"]) == ("my files", 3, 3)
    reasons = dead(http, receipt["batch_id"])
    assert reasons.keys() == {"empty.txt", "noise.bin", "entities.xml"}
    assert "empty" in reasons["empty.txt"]
    assert "passwd" not in str(reasons)
    lines = http.get(f"/api/v1/batch/{receipt['batch_id']}/results").text.splitlines()
    assert {json.loads(line)["url"] for line in lines} == {
        "file:///one.cue", "file:///page.txt", "file:///three.cue",
    }  # fmt: skip
    assert str(service.home) not in "".join(lines)
    assert not list(service.home.rglob("*one.cue")), "no name that was sent is one on the disk"
    again = http.post(f"/api/v1/batch/{receipt['batch_id']}/retry", json={})
    assert again.json()["n_retried"] == 3
    assert service.wait_for(receipt["batch_id"])["counts"]["dead"] == 3, "they are there to be read again"
    assert dead(http, receipt["batch_id"]) == reasons


def test_one_file_is_a_body_and_may_be_read_as_any_kind(http: httpx.Client, service: Service) -> None:
    text = "".join(f"Artist {n} - Title {n}\n" for n in range(8)).encode("utf-16")
    named = http.post(IMPORT, content=text, headers=OCTETS, params={"filename": "a/b/my list", "as": "text"})
    assert named.status_code == 202, named.text
    done = service.wait_for(named.json()["batch_id"])
    assert (done["total"], done["tracks"]) == (1, 8)
    unnamed = http.post(IMPORT, content=iter([sheet("streamed")]), headers=OCTETS).json()
    assert service.wait_for(unnamed["batch_id"])["counts"]["succeeded"] == 1
    item = http.get(f"/api/v1/batch/{unnamed['batch_id']}/items").json()["items"][0]
    assert (item["url"], item["domain"]) == ("file:///file", "(files)")


def test_the_same_key_imports_once(http: httpx.Client, service: Service) -> None:
    key = {"Idempotency-Key": "files of monday"}
    first, again = (http.post(IMPORT, files=form(("a.cue", sheet("key"))), headers=key) for _ in range(2))
    assert again.json()["batch_id"] == first.json()["batch_id"]
    assert len(kept(service, first.json()["batch_id"])) == 1
    for other in (
        {"files": form(("b.cue", sheet("key")))},
        {"files": form(("a.cue", sheet("other")))},
        {"files": form(("a.cue", sheet("key"))), "params": {"as": "cue"}},
    ):
        before = set((service.home / "uploads").iterdir())
        assert problem(http.post(IMPORT, headers=key, **other)) == (409, "conflict")
        assert set((service.home / "uploads").iterdir()) == before


def test_many_files_come_in_pieces(http: httpx.Client, service: Service) -> None:
    opened = http.post(IMPORT, params={"state": "receiving", "name": "many"}).json()
    batch_id = opened["batch_id"]
    append = f"{IMPORT}/{batch_id}/append"
    first = http.post(
        append, params={"piece": 1}, files=form(*((f"{n}.cue", sheet(str(n))) for n in range(7)))
    )
    assert (first.status_code, first.json()["items"], first.json()["first_line"]) == (200, 7, 1), first.text
    again = http.post(
        append, params={"piece": 1}, files=form(*((f"{n}.cue", sheet(str(n))) for n in range(7)))
    )
    assert again.json() == first.json()
    assert len(kept(service, batch_id)) == 7, "sent twice, it is kept once"
    assert problem(http.post(append, params={"piece": 3}, files=form(("x.cue", b"x")))) == (409, "conflict")
    archive = zipped(**{"a.cue": sheet("3"), "b.cue": sheet("b"), ".c": b"x"})
    second = http.post(
        append, params={"piece": 2, "filename": "a.zip"}, content=archive, headers=OCTETS
    ).json()
    assert (second["first_line"], second["lines"], second["items"], second["duplicates"]) == (8, 3, 1, 1)
    assert second["rejected"][0]["url"] == "a.zip/.c"
    done = http.post(f"/api/v1/batch/{batch_id}/commit", json={"pieces": 2})
    assert (done.status_code, done.json()["total"], done.json()["n_rejected"]) == (202, 8, 1)
    assert service.wait_for(batch_id)["counts"]["succeeded"] == 8
    assert problem(http.post(append, params={"piece": 3}, files=form(("x.cue", b"x")))) == (409, "conflict")


@pytest.mark.parametrize(
    ("sent", "status", "reason"),
    [
        ({"files": form(("e.zip", b"PK\x03\x04 no"))}, 422, "not a whole zip file"),
        ({"files": form(("x.cue", sheet("x"))), "params": {"as": "vinyl"}}, 422, "no such kind"),
        ({"files": form(("x.cue", sheet("x"))), "params": {"encoding": "punycode"}}, 422, "no such encoding"),
        ({"files": form(("x.cue", sheet("x"))), "params": {"state": "receiving"}}, 422, "without a body"),
        ({"files": form(("x.cue", b"x")), "data": {"as": "cue"}}, 400, "Too many fields"),
        ({"files": form(*((f"{n}", b"x") for n in range(MAX_FORM_FILES + 1)))}, 400, "Too many files"),
        ({"content": b"", "headers": {"content-type": "multipart/form-data; boundary=x"}}, 400, "no end"),
        ({"content": b"--x--\r\n", "headers": {"content-type": "multipart/form-data; boundary=x"}}, 422, "no file"),
        ({"content": b"x", "headers": {"content-type": "multipart/form-data"}}, 400, "boundary"),
        ({"json": {"urls": []}}, 415, "multipart/form-data"),
        ({"content": b"x", "headers": {**OCTETS, "content-encoding": "gzip"}}, 415, "uncompressed"),
    ],
)  # fmt: skip
def test_what_is_refused_leaves_nothing(
    http: httpx.Client, service: Service, sent: dict[str, Any], status: int, reason: str
) -> None:
    (service.home / "uploads").mkdir(exist_ok=True)
    before = set((service.home / "uploads").iterdir())
    answer = http.post(IMPORT, **sent)
    assert problem(answer)[0] == status
    assert reason in answer.json()["detail"]
    assert set((service.home / "uploads").iterdir()) == before


def test_a_form_that_ends_early_and_a_body_without_a_length_that_is_too_long_are_refused(
    http: httpx.Client, service: Service
) -> None:
    whole = httpx.Request("POST", service.url, files=form(("a.cue", sheet("a")), ("b.cue", sheet("b"))))
    body = whole.read()
    kind = {"content-type": whole.headers["content-type"]}
    answer = http.post(IMPORT, content=body[:-12], headers=kind)
    assert problem(answer)[0] == 400
    assert "incomplete" in answer.json()["detail"]
    blocks = (bytes(2**20) for _ in range(70))
    answer = http.post(IMPORT, content=blocks, headers=OCTETS)
    assert problem(answer) == (413, "content-too-large")


def test_a_page_of_another_site_can_send_no_form(service: Service) -> None:
    plain = httpx.post(f"{service.url}{IMPORT}", files=form(("a.cue", sheet("a"))))
    assert problem(plain) == (415, "unsupported-media-type")
    assert "X-Tlray-Client" in plain.json()["detail"]
