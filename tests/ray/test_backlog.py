"""Lists are taken in as there is room: on a real Ray, all of a list or nothing of it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import StartSite, wait_until

import tlray
from tlray.cluster.driver.client import Client
from tlray.cluster.driver.session import Session, open_session
from tlray.core.politeness.policy import PolitenessOptions
from tlray.errors import BacklogFull, Interrupted, ListTooLong
from tlray.io.disk.home import Home
from tlray.io.intake import url_list
from tlray.io.intake.url_list import read_chunks
from tlray.io.journal.opening import open_reader
from tlray.io.journal.rows import BatchOptions
from tlray.settings import read_settings

pytestmark = pytest.mark.ray
SLOW = BatchOptions(PolitenessOptions(rates={"127.0.0.1": (10.0, 1.0)}))


@pytest.fixture
def session(file_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    """A coordinator that takes in 60 items in all, in pieces of 10. It is the same for all tests, and has nothing open."""
    monkeypatch.setenv("TLRAY_MAX_OPEN_ITEMS", "60")
    monkeypatch.setattr(url_list, "CHUNK_LINES", 10)
    opened = open_session(Home(file_home), read_settings(home=file_home))
    yield opened
    client = Client(open_session(Home(file_home), read_settings(home=file_home)).coordinator)
    for batch_id in batches(file_home):
        client.control("cancel", batch_id)
    wait_until(lambda: batches(file_home) == {}, what="an empty home")
    opened.close()


def batches(home: Path) -> dict[str, int]:
    with open_reader(home) as journal:
        return {row.batch_id: row.n_open for row in journal.count_open_items()}


def test_a_list_that_has_no_room_now_trickles_in_and_is_scraped_whole(
    session: Session, start_site: StartSite, file_home: Path
) -> None:
    urls = start_site("--sites=1", "--sets=90").urls()
    client = Client(session.coordinator)
    first = client.submit(read_chunks(urls[:50]), options=SLOW)
    told: list[BacklogFull] = []
    second = client.submit(read_chunks(urls[50:]), options=SLOW, on_wait=told.append)

    assert second.total == 40
    assert told, "it had to wait"
    assert all(full.can_wait and full.args[:2] == (60, "TLRAY_MAX_OPEN_ITEMS") for full in told)
    assert sum(batches(file_home).values()) <= 60
    for batch_id in (first.batch_id, second.batch_id):
        wait_until(lambda batch_id=batch_id: client.status(batch_id)["state"] == "completed", what="its end")  # type: ignore[misc]
    assert client.status(second.batch_id)["counts"]["succeeded"] == 40
    assert batches(file_home) == {}


def test_who_does_not_want_to_wait_hears_when_to_come_back_and_nothing_is_kept(
    session: Session, start_site: StartSite, file_home: Path
) -> None:
    urls = start_site("--sites=1", "--sets=90").urls()
    client = Client(session.coordinator)
    first = client.submit(read_chunks(urls[:50]), options=SLOW)
    wait_until(lambda: client.status(first.batch_id)["counts"]["succeeded"] >= 10, what="a pace")
    client.submit(read_chunks(urls[50:60]), options=SLOW)
    with pytest.raises(BacklogFull) as caught:
        client.submit(read_chunks(urls[40:90]), options=SLOW)
    assert caught.value.retry_after_s is not None
    assert 1 <= caught.value.retry_after_s < 60
    assert len(batches(file_home)) == 2


def test_a_list_longer_than_the_bound_is_refused_and_duplicates_do_not_make_it_longer(
    session: Session, file_home: Path
) -> None:
    client = Client(session.coordinator)
    urls = [f"http://127.0.0.1:9/tracklist/{i}/" for i in range(61)]
    with pytest.raises(ListTooLong, match=r"more than 60 items.*TLRAY_MAX_OPEN_ITEMS.*split it"):
        client.submit(read_chunks(urls), options=SLOW, on_wait=lambda _: None)
    assert batches(file_home) == {}
    told = client.submit(read_chunks([*urls[:60], *urls[:60]]), options=SLOW)
    assert (told.total, told.n_duplicates) == (60, 60)


def test_a_list_waits_for_nothing_where_nothing_runs_and_ctrl_c_ends_its_waiting(
    session: Session, start_site: StartSite, file_home: Path
) -> None:
    urls = start_site("--sites=1", "--sets=90").urls()
    client = Client(session.coordinator)
    first = client.submit(
        read_chunks(urls[:60]), options=BatchOptions(PolitenessOptions(rates={"127.0.0.1": (0.01, 1.0)}))
    )
    stopping = threading.Event()
    with pytest.raises(Interrupted, match="nothing of it is saved"):
        client.submit(
            read_chunks(urls[60:]), options=SLOW, on_wait=lambda _: stopping.set(), stopping=stopping
        )
    assert list(batches(file_home)) == [first.batch_id]

    client.control("pause", first.batch_id)
    with pytest.raises(BacklogFull, match="resume or cancel"):
        client.submit(read_chunks(urls[60:]), options=SLOW, on_wait=lambda _: None)
    client.control("cancel", first.batch_id)
    wait_until(lambda: client.status(first.batch_id)["state"] == "cancelled", what="its end")
    assert client.submit(read_chunks(urls[60:]), options=SLOW).total == 30


def test_what_sleeps_in_a_home_counts_for_the_next_coordinator(
    session: Session, start_site: StartSite, file_home: Path
) -> None:
    import ray  # noqa: PLC0415

    urls = start_site("--sites=1", "--sets=60").urls()
    slower = BatchOptions(PolitenessOptions(rates={"127.0.0.1": (0.2, 1.0)}))
    sleeping = Client(session.coordinator).submit(read_chunks(urls), options=slower)
    ray.kill(session.coordinator)
    wait_until(lambda: not Home(file_home).is_held(), what="its end")
    client = Client(open_session(Home(file_home), read_settings(home=file_home)).coordinator)
    more = [f"http://127.0.0.1:9/{i}" for i in range(30)]
    with pytest.raises(BacklogFull, match="resume or cancel"):
        client.submit(read_chunks(more), options=SLOW, on_wait=lambda _: None)
    client.control("cancel", sleeping.batch_id)
    wait_until(lambda: client.status(sleeping.batch_id)["state"] == "cancelled", what="its end")
    assert client.submit(read_chunks(more), options=SLOW).total == 30


def test_the_command_refuses_in_one_line(
    tmp_path: Path, kill_coordinators: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TLRAY_MAX_OPEN_ITEMS_PER_USER", "3")
    with pytest.raises(ListTooLong, match="TLRAY_MAX_OPEN_ITEMS_PER_USER"):
        tlray.scrape([f"http://127.0.0.1:9/{i}" for i in range(4)], home=tmp_path)
