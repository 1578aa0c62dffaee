"""Changes are announced once, in groups; those of a catalogue that was made anew are not."""

from __future__ import annotations

import pytest
from made_catalogue import MadeHome
from test_catch_up import night

from tlray.io.catalogue import announcing
from tlray.io.catalogue.announcing import announced, pending
from tlray.io.catalogue.catch_up import catch_up


def test_changes_are_announced_once_by_batch_and_in_groups(
    made: MadeHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(announcing, "SETS_PER_NOTICE", 2)
    made.batch("b1", *([night(f"s{n}", "A", "ID")] for n in range(4)))
    made.batch("b2", [night("s0", "A", "B", hours=1)])
    catch_up(made.home)
    assert pending(made.home)[0] == []  # before anybody looked

    made.batch("b3", *([night(f"s{n}", "New", "A", "C", hours=2)] for n in range(3)))
    made.batch("b4", [night("s3", hours=3)])
    catch_up(made.home)
    found, mark = pending(made.home)
    assert [(a.batch_id, [s["source_id"] for s in a.sets]) for a in found] == [
        ("b3", ["s0", "s1"]), ("b3", ["s2"]), ("b4", ["s3"]),
    ]  # fmt: skip
    assert found[0].sets[1]["changes"] == {"added": 1, "revealed": 1}
    assert found[-1].sets[0]["changes"] == {"removed": 2}
    assert found[-1].sets[0]["cause"] == "source"
    assert found[-1].subject == str(mark)
    assert [a.subject for a in pending(made.home)[0]] == [a.subject for a in found]
    announced(made.home, mark)
    assert pending(made.home) == ([], mark)
    made.home.catalogue.unlink()
    catch_up(made.home)
    assert pending(made.home) == ([], mark)
