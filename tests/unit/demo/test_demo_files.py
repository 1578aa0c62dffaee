"""The demo's folder of files holds what it says."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from tlray.demo.files import write_files
from tlray.io.intake.file_list import all_members
from tlray.io.intake.members import Member
from tlray.model import PageKind
from tlray.readers.registry import kind_of, read_file


def test_the_demo_s_folder_has_files_of_many_kinds_and_two_without_a_set(tmp_path: Path) -> None:
    write_files(tmp_path)
    files = [found.file for _, _, found in all_members([tmp_path]) if isinstance(found, Member)]
    pages = Counter(read_file(file).kind for file in files)
    assert pages == {PageKind.TRACKLIST: 7, PageKind.UNKNOWN: 2}
    kinds = {kind_of(file) for file in files if file.body}
    assert {"page", "cue", "text", "chapters"} <= kinds
