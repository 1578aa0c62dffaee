"""Pages that list sets, in virtual time: whatever is killed, no found set is lost, and none is there twice. Stories of
chance are in test_engine_simulated.py; `simulated.promises.check_found` looks at the end of each."""

from __future__ import annotations

import pytest
from simulated import Site, World
from simulated.site import N_LISTS

from tlray.core.model.lifecycle import BatchEvent, BatchState, ItemState

A_LIST = "http://a.test/list/0"


def a_world(seed: int) -> World:
    return World(seed, [Site("a.test", error=0.2), Site("b.test")], rates={"a.test": (5.0, 1.0)})


def test_a_list_is_followed_from_page_to_page_until_it_comes_back_to_its_beginning() -> None:
    world = a_world(1)
    book = world.submit([A_LIST], max_found=100)
    world.run()
    own = {f"http://a.test/{3 * page + n}" for page in range(N_LISTS) for n in range(5)}
    others = {f"http://b.test/{page}" for page in range(N_LISTS)}
    urls = {url for (url,) in world.query("SELECT url FROM items WHERE done_seq IS NOT NULL")}
    assert urls == own | others
    assert (book.n_found, book.n_lists) == (len(urls), N_LISTS - 1)


def test_max_found_is_exact_though_several_lists_are_read_at_once() -> None:
    world = a_world(2)
    book = world.submit([f"http://{name}.test/list/{n}" for name in "ab" for n in range(3)], max_found=9)
    world.run()
    assert (book.n_found, book.counts[ItemState.SUCCEEDED]) == (9, 6 + 9 + book.n_lists)


@pytest.mark.parametrize("seed", range(6))
def test_a_kill_at_any_moment_loses_no_found_set(seed: int) -> None:
    world = a_world(10 + seed)
    world.submit([A_LIST, "http://a.test/1"], max_found=100)
    for _ in range(3):
        world.go_on(0.4 + 0.7 * seed)
        world.kill_everything() if seed % 2 else world.kill_coordinator()
    world.run()
    (n_found,) = world.query("SELECT n_found FROM batches")[0]
    assert n_found == 3 * (N_LISTS - 1) + 5 + N_LISTS - 1, "one is in the list already"


def test_what_a_page_lists_waits_in_a_paused_batch_and_is_not_added_to_a_cancelled_one() -> None:
    world = a_world(3)
    book = world.submit([A_LIST], max_found=100)
    world.until(lambda: bool(book.n_found))
    world.control(book, BatchEvent.PAUSE)
    world.go_on(60)
    assert book.state is BatchState.PAUSED
    world.control(book, BatchEvent.CANCEL)
    world.run()
    assert world.states() == {"b1": BatchState.CANCELLED}
