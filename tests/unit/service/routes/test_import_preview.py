"""``POST /api/v1/import?dry_run=true``: of what kind files are and what is refused; nothing of them is kept."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from made_service import MadeService

from tlray.service.submission import import_preview

SHEET = b'PERFORMER "A"\nTITLE "Set"\nFILE "a.mp3" MP3\n  TRACK 01 AUDIO\n    TITLE "One"\n    INDEX 01 00:00:00\n'
PATH = "/api/v1/import?dry_run=true"


@pytest.fixture
def made(tmp_path: Path) -> Iterator[MadeService]:
    made = MadeService(tmp_path)
    yield made
    made.close()


def zipped(**members: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, body in members.items():
            archive.writestr(name, body)
    return made.getvalue()


async def test_kinds_are_counted_and_what_cannot_be_read_is_named(made: MadeService, tmp_path: Path) -> None:
    sent = [("a.cue", SHEET), ("sets.zip", zipped(x=SHEET + b" ", y=SHEET)), ("cover.jpg", b"\xff\xd8\xff\xe0\x00" * 50),
            ("broken.zip", zipped(x=SHEET)[:40])]  # fmt: skip
    async with made.client() as http:
        answer = await http.post(PATH, files=[("file", one) for one in sent])
        assert answer.status_code == 200, answer.text
        found = answer.json()
        assert found["kinds"] == [{"kind": "cue", "files": 2}]
        assert (found["total"], found["duplicates"], found["n_unknown"], found["n_rejected"]) == (3, 1, 1, 1)
        assert [one["name"] for one in found["unknown"]] == ["cover.jpg"]
        assert [one["url"] for one in found["rejected"]] == ["broken.zip"]
        assert found["rejected"][0]["reason"]
        assert (await http.get("/api/v1/batch")).json()["batches"] == []
        told = (await http.post(f"{PATH}&as=text", files=[("file", ("cover.jpg", b"\xff\xd8" * 50))])).json()
        assert (told["kinds"], told["n_unknown"]) == ([{"kind": "text", "files": 1}], 0)
        assert (await http.post(f"{PATH}&state=receiving")).status_code == 422
        assert (await http.post(PATH)).status_code in (415, 422)
    assert not [path for path in (tmp_path / "uploads").rglob("*") if path.is_file()]


async def test_more_than_can_be_opened_is_refused_and_not_kept(
    made: MadeService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_preview, "MAX_FILES", 1)
    async with made.client() as http:
        answer = await http.post(PATH, files=[("file", ("sets.zip", zipped(x=SHEET, y=SHEET)))])
    assert answer.status_code == 413
    assert not [path for path in (tmp_path / "uploads").rglob("*") if path.is_file()]
