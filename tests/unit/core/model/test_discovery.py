"""Which links of a page become items: each once, no set beyond max-found, and no list for ever."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tlray.core.model.discovery import MAX_BARREN, AddedItems, FoundUrl, PageFound, added_items, admit
from tlray.core.model.item import FrontierItem

ITEM = FrontierItem(7, 1, "a.test", "http://a.test/list", "url:list")


def links(*names: str) -> tuple[FoundUrl, ...]:
    """Make links; a name with ``+`` first is a page on which the list goes on."""
    return tuple(
        FoundUrl(f"http://{name[0]}.test/{name}", f"{name[0]}.test", name, name.startswith("+"))
        for name in names
    )


def page(*names: str, max_found: int = 100, is_only: bool = False, note: str | None = None) -> PageFound:
    return PageFound(ITEM, links(*names), False, max_found, is_only, note)


def test_a_set_that_the_batch_has_is_known_and_one_that_stands_twice_is_one() -> None:
    given = page("a1", "a2", "a1", "a3", "+2")
    admitted = admit(given, {"a3"}, n_found=0, n_barren=0)
    assert [url.fingerprint for url in admitted.new] == ["a1", "a2", "+2"]
    assert (admitted.n_sets, admitted.n_lists, admitted.n_known, admitted.n_left_out) == (2, 1, 2, 0)
    assert admitted.reason(given) == "4 sets listed, 2 new"


def test_max_found_is_reached_exactly_and_the_list_is_not_followed_then() -> None:
    given = page("a1", "a2", "a3", "+2", max_found=10)
    admitted = admit(given, (), n_found=8, n_barren=0)
    assert [url.fingerprint for url in admitted.new] == ["a1", "a2"]
    assert admitted.reason(given) == (
        "3 sets listed, 2 new; 1 left out; it goes on, and is not followed: max-found 10 is reached"
    )
    last = page("a1", "a2", max_found=10)
    assert admit(last, (), n_found=8, n_barren=0).reason(last) == "2 sets listed, 2 new", (
        "nothing is left out"
    )
    over = page("a1", max_found=10)
    assert admit(over, (), n_found=10, n_barren=0).reason(over) == (
        "1 set listed, 0 new; 1 left out: max-found 10 is reached"
    )


def test_a_list_that_never_ends_ends() -> None:
    given = page("a1", "+2", note="3 links left out")
    admitted = admit(given, {"a1"}, n_found=1, n_barren=MAX_BARREN - 2)
    assert (admitted.n_lists, admitted.n_barren) == (1, MAX_BARREN - 1)
    admitted = admit(given, {"a1"}, n_found=1, n_barren=MAX_BARREN - 1)
    assert (admitted.n_lists, admitted.is_cut, admitted.is_full) == (0, True, False)
    assert admitted.reason(given) == (
        "1 set listed, 0 new; it goes on, and is not followed: 20 pages in a row have no new set; 3 links left out"
    )
    again = admit(given, (), n_found=1, n_barren=MAX_BARREN - 1)
    assert (again.n_lists, again.n_barren) == (1, 0), "a new set, and the list counts as new"


def test_a_cycle_of_pages_ends_by_itself() -> None:
    given = page("a1", "+1")
    admitted = admit(given, {"a1", "+1"}, n_found=1, n_barren=0)
    assert (admitted.new, admitted.is_cut) == ((), False)


def test_what_is_added_is_queued_by_domain_or_skipped() -> None:
    given = page("a1", "b1", "a2", "+2")
    assert added_items(given, admit(given, (), n_found=0, n_barren=0)) == AddedItems(
        7, 1, "3 sets listed, 3 new", 3, 1, {"a.test": 2, "b.test": 1, "+.test": 1}, 0
    )
    only = page("a1", "b1", "+2", is_only=True)
    added = added_items(only, admit(only, (), n_found=0, n_barren=0))
    assert (added.n_sets, added.queued, added.n_skipped) == (2, {"+.test": 1}, 2)


NAMES = st.sampled_from([f"{letter}{n}" for letter in "ab+" for n in range(8)])


@given(
    names=st.lists(NAMES, max_size=30),
    known=st.sets(NAMES),
    max_found=st.integers(1, 20),
    n_found=st.integers(0, 20),
)
def test_every_link_is_new_known_or_left_out(
    names: list[str], known: set[str], max_found: int, n_found: int
) -> None:
    given = page(*names, max_found=max_found)
    admitted = admit(given, known, n_found=min(n_found, max_found), n_barren=0)
    new = [url.fingerprint for url in admitted.new]
    assert len(set(new)) == len(new)
    assert not known & set(new)
    assert admitted.n_sets + min(n_found, max_found) <= max_found
    n_sets = sum(not name.startswith("+") for name in names)
    assert admitted.n_sets + admitted.n_known + admitted.n_left_out == n_sets
    if admitted.n_left_out:
        assert admitted.n_sets + min(n_found, max_found) == max_found
        assert not admitted.n_lists
