"""Uploaded files: kept under numbers until nobody needs them."""

from __future__ import annotations

import io
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tlray.io.disk.home import Home
from tlray.io.intake.uploads import KEPT_DEAD_S, KEPT_UNKNOWN_S, Upload, kept_bytes, shown_name
from tlray.service.backend.gateway import Gateway
from tlray.service.backend.upload_sweeper import UploadSweeper

CAME_AT = 1_000_000.0


def uploaded(home: Home, batch_id: str) -> Upload:
    upload = Upload(home, batch_id)
    upload.add("a.cue", io.BytesIO(b"TITLE x"))
    os.utime(home.uploads(batch_id), (CAME_AT, CAME_AT))
    return upload


class Books:
    """A coordinator that knows some batches."""

    def __init__(self, **batches: tuple[bool, int]) -> None:
        self._batches = batches

    async def uploads(self, batch_ids: list[str]) -> list[dict[str, Any]]:
        return [
            {"batch_id": name, "owner": "", "is_open": self._batches[name][0], "n_dead": self._batches[name][1]}
            for name in batch_ids
            if name in self._batches
        ]  # fmt: skip


@pytest.mark.parametrize(
    ("age_s", "deleted"),
    [(10.0, ["read"]), (KEPT_UNKNOWN_S + 1, ["read", "unknown"]), (KEPT_DEAD_S + 1, ["dead", "read", "unknown"])],
)  # fmt: skip
async def test_files_go_once_nobody_needs_them(tmp_path: Path, age_s: float, deleted: list[str]) -> None:
    home = Home(tmp_path).create()
    for name in ("dead", "open", "read", "unknown"):
        uploaded(home, name)
    books = Books(dead=(False, 1), open=(True, 0), read=(False, 0))
    sweeper = UploadSweeper(cast(Gateway, SimpleNamespace(home=home, coordinator=books)))
    assert await sweeper.sweep(now=CAME_AT + age_s) == deleted
    assert {path.name for path in home.uploads().iterdir()} == {"dead", "open", "read", "unknown"} - set(
        deleted
    )


def test_files_have_numbers_and_a_digest_of_names_and_contents(tmp_path: Path) -> None:
    home = Home(tmp_path).create()
    one, two, other = (Upload(home, "b") for _ in range(3))
    for upload in (one, two):
        upload.add("../../x.cue", io.BytesIO(b"a"))
    other.add("y.cue", io.BytesIO(b"a"))
    assert one.digest == two.digest != other.digest
    ((path, name),) = one.files
    assert (path.name, name) == ("00001", "x.cue")
    assert path.is_relative_to(home.uploads("b"))
    assert kept_bytes(home, ["b", "none"]) == 3
    for upload in (one, two):
        upload.discard()
    assert home.uploads("b").exists()
    other.discard()
    assert not home.uploads("b").exists()


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("a/b\\c.cue", "c.cue"),
        ("", "file"),
        ("..", "file"),
        ("/", "file"),
        ("a\x00\x1b[2J\nb.cue", "a??[2J b.cue"),
        ("x" * 5_000 + ".cue", "x" * 180 + ".cue"),
        ("x" * 5_000, "x" * 200),
    ],
)
def test_a_name_is_shown_on_one_line(sent: str, shown: str) -> None:
    assert shown_name(sent) == shown
