"""The chart of a name's page: months with and without sets, and dates that are none."""

from __future__ import annotations

from tlray.service.page.views.names import MAX_MONTHS, months_of


def counts(**sets: int) -> list[dict[str, object]]:
    return [{"month": month[1:].replace("_", "-"), "sets": n} for month, n in sets.items()]


def test_months_without_a_set_are_there() -> None:
    made = months_of(counts(m2026_01=1, m2026_03=4), "2026-11")
    assert [(one["month"], one["sets"]) for one in made] == [
        ("Jan 2026", 1),
        ("Feb 2026", 0),
        ("Mar 2026", 4),
    ]


def test_a_date_that_is_none_does_not_hide_the_others() -> None:
    made = months_of(counts(m0001_01=1, m2026_01=2, m2026_02=1, m9999_12=1), "2026-11")
    assert len(made) == MAX_MONTHS
    assert [(one["month"], one["sets"]) for one in made if one["sets"]] == [("Jan 2026", 2), ("Feb 2026", 1)]
    assert [one["month"] for one in months_of(counts(m9999_12=1), "2026-11")] == ["Dec 9999"]
    assert months_of([], "2026-11") == []
