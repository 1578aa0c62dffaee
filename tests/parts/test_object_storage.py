"""Results in a real S3 server: the contract, kills, requests that fail, and settings that are wrong.

A missing server is a skip, or a failure where TLRAY_REQUIRE_PARTS=1 says that all must be there.
"""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import obstore
import pandas as pd
import pyarrow.fs
import pytest
from made_parts import a_set
from object_kills import Journal as MadeJournal
from object_kills import KillContract, run
from s3_server import BUCKET, KEYS, Faults, S3Server, failing_proxy, raw_store, running_s3
from store_contract import StoreContract, put, read

from tlray.errors import CannotFinish, StorageUnavailable, StorageUnusable
from tlray.io.disk.home import Home
from tlray.io.disk.storage import Storage, parse_storage
from tlray.io.doctor import home_state
from tlray.io.doctor.report import Grade, examine
from tlray.io.results import object_client
from tlray.io.results.object_client import ObjectClient
from tlray.io.results.object_store import ObjectStore
from tlray.io.results.open_store import check_storage, open_store
from tlray.io.results.part_writer import stage
from tlray.io.results.store import PartFile, PartMoved, ResultStore
from tlray.io.results.warc import iter_records
from tlray.settings import Settings

pytestmark = pytest.mark.parts
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def s3() -> Iterator[S3Server]:
    with running_s3() as server:
        yield server


def storage_of(server: S3Server, *, user: str = "writer", bucket: str = BUCKET, **given: object) -> Storage:
    """Return a storage with a prefix that no other test has."""
    return parse_storage(f"s3://{bucket}/t{next(_numbers)}/deep", server.environ(user, **given))  # type: ignore[arg-type]


def store_of(storage: Storage, *, patience_s: float = 0.0) -> ObjectStore:
    store = open_store(Home(Path("/nowhere"), storage), patience_s=patience_s)
    assert isinstance(store, ObjectStore)
    return store


class TestContract(StoreContract):
    @pytest.fixture
    def store(self, s3: S3Server) -> ResultStore:
        return store_of(storage_of(s3))


class TestKills(KillContract):
    @pytest.fixture
    def fresh(self, s3: S3Server) -> Callable[[], ObjectClient]:
        return lambda: ObjectClient.of(storage_of(s3), patience_s=0.0)


# -- settings that are wrong ------------------------------------------------------------------------


def test_a_storage_that_is_right_passes_the_check_and_nothing_is_left(s3: S3Server) -> None:
    storage = storage_of(s3)
    check_storage(Home(Path("/nowhere"), storage))
    assert not store_of(storage).client.list("")


def test_a_prefix_and_an_endpoint_may_be_spelt_in_more_than_one_way(s3: S3Server) -> None:
    environ = s3.environ()
    storage = parse_storage(
        f"s3://{BUCKET}/Ünï cødé/50%25 & more/",
        {**environ, "AWS_ENDPOINT_URL": environ["AWS_ENDPOINT_URL"] + "/"},
    )
    assert storage.prefix == "Ünï cødé/50% & more"
    check_storage(Home(Path("/nowhere"), storage))
    store = store_of(storage)
    put(store, "p1")
    store.publish("b1", "p1")
    assert {file.name for file in store.list("b1")} == {store.place("b1", "p1", kind) for kind in PartFile}
    assert set(store.batches()) == {"b1"}
    whole = store_of(parse_storage(f"s3://{BUCKET}", environ))
    put(whole, "p1", batch="of-the-whole-bucket")
    assert read(whole, "p1", batch="of-the-whole-bucket") == b"rows"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"bucket": "never-made"}, "the bucket does not exist; create it, or correct TLRAY_STORAGE"),
        ({"bucket": "A_"}, "that is no name of a bucket"),
        ({"secret": "wrong-secret"}, "the credentials are wrong, status 403 (SignatureDoesNotMatch)"),
        (
            {"user": "reader"},
            "access is denied; the credentials need the rights to read, write, list and delete",
        ),
    ],
)
def test_a_wrong_setting_is_one_clear_error_without_a_secret(
    s3: S3Server, given: dict[str, str], words: str
) -> None:
    storage = storage_of(s3, **given)  # type: ignore[arg-type]
    with pytest.raises(StorageUnusable) as raised:
        check_storage(Home(Path("/nowhere"), storage))
    told = str(raised.value)
    assert told.startswith(f"storage {storage.uri} cannot be used: ")
    assert words in told
    assert "\n" not in told
    for text in (
        told,
        repr(raised.value),
        repr(storage),
        str(raised.value.__cause__),
        repr(raised.value.__context__),
    ):
        assert not any(secret in text for secret in ("wrong-secret", *(s for _, s in KEYS.values())))


def test_a_server_that_is_not_there_is_told_at_once(s3: S3Server) -> None:
    begun = time.monotonic()
    with pytest.raises(StorageUnavailable, match=r"its server at http://127.0.0.1:1 cannot be reached"):
        check_storage(Home(Path("/nowhere"), storage_of(s3, port=1)))
    assert time.monotonic() - begun < 20


# -- requests that fail -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "grade", "words", "hint"),
    [
        ({}, Grade.OK, "created, read, listed and deleted", ""),
        ({"secret": "not-the-secret"}, Grade.FAILED, "credentials are wrong", "check AWS_ACCESS_KEY_ID and AWS_SECRET"),
        ({"user": "reader"}, Grade.FAILED, "access is denied", "the rights to read, write, list and delete"),
        ({"port": 1}, Grade.FAILED, "nothing listens there", "AWS_ENDPOINT_URL"),
        ({"bucket": "nowhere"}, Grade.FAILED, "the bucket does not exist", "create it, or correct TLRAY_STORAGE"),
        ({"scheme": "https"}, Grade.FAILED, "cannot be reached", "write http:// or https://"),
        ({"host": "s3.tlray.invalid"}, Grade.FAILED, "there is no host", "AWS_ENDPOINT_URL"),
    ],
)  # fmt: skip
def test_the_doctor_says_how_a_storage_stands_without_its_secrets(
    s3: S3Server,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    given: dict[str, str],
    grade: Grade,
    words: str,
    hint: str,
) -> None:
    bucket, scheme = given.get("bucket", BUCKET), given.get("scheme", "http")
    of_user = {key: value for key, value in given.items() if key in ("secret", "user", "port")}
    for name, value in s3.environ(**of_user).items():  # type: ignore[arg-type]
        monkeypatch.setenv(
            name, value.replace("http:", f"{scheme}:").replace("127.0.0.1", given.get("host", "127.0.0.1"))
        )
    settings = Settings(home=tmp_path / "home", storage=f"s3://{bucket}/doctor")
    (result,) = examine({"storage": lambda: home_state.storage(settings)}).values()
    assert (result.grade, words in result.what, hint in result.hint) == (grade, True, True), result
    assert not [secret for _, secret in KEYS.values() if secret in repr(result)]
    assert "not-the-secret" not in repr(result)
    assert not list((tmp_path).iterdir())


def test_the_doctor_does_not_wait_for_a_storage_that_is_silent(
    s3: S3Server, proxy: tuple[int, Faults], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port, faults = proxy
    faults.choose = lambda method, path: "slow"
    for name, value in s3.environ(port=port).items():
        monkeypatch.setenv(name, value)
    settings = Settings(home=tmp_path / "home", storage=f"s3://{BUCKET}/doctor")
    begun = time.monotonic()
    (result,) = examine({"storage": lambda: home_state.storage(settings)}).values()
    assert result.grade is Grade.FAILED
    assert time.monotonic() - begun < 25


@pytest.fixture
def proxy(s3: S3Server) -> Iterator[tuple[int, Faults]]:
    with failing_proxy(s3) as running:
        yield running


@pytest.mark.parametrize("fault", ["error", "cut", "lost"])
def test_a_request_that_fails_twice_is_repeated_and_the_part_is_there_once(
    s3: S3Server, proxy: tuple[int, Faults], fault: str
) -> None:
    port, faults = proxy
    store = store_of(storage_of(s3, port=port), patience_s=30.0)
    faults.first(2, fault, "PUT")
    put(store, "p1", b"rows" * 1_000)
    assert read(store, "p1") == b"rows" * 1_000
    faults.first(1, fault, "GET")
    assert read(store, "p1") == b"rows" * 1_000
    faults.first(2, fault, "PUT")
    store.publish("b1", "p1")
    faults.first(1, fault, "POST")
    store.delete("b1", ["p1"])
    assert not store.list("b1")


def test_an_answer_that_breaks_off_is_read_again(s3: S3Server, proxy: tuple[int, Faults]) -> None:
    port, faults = proxy
    store = store_of(storage_of(s3, port=port), patience_s=30.0)
    content = os.urandom(3_000_000)
    put(store, "p1", content)
    faults.first(1, "half", "GET")
    assert read(store, "p1") == content
    faults.first(1, "half", "GET")
    assert read(store, "p1", PartFile.ARCHIVE) == content


def test_a_server_that_fails_for_good_is_told_of_and_nothing_is_there(
    s3: S3Server, proxy: tuple[int, Faults]
) -> None:
    port, faults = proxy
    store = store_of(storage_of(s3, port=port))
    faults.first(10_000, "error")
    with pytest.raises(StorageUnavailable, match=r"fails with status 500 \(InternalError\)"):
        put(store, "p1")
    with pytest.raises(StorageUnavailable):
        read(store, "p1")
    faults.none()
    assert not store.list("b1")
    with pytest.raises(PartMoved):
        read(store, "p1")


def test_a_server_that_never_answers_is_given_up_in_time(
    s3: S3Server, proxy: tuple[int, Faults], monkeypatch: pytest.MonkeyPatch
) -> None:
    port, faults = proxy
    faults.first(10_000, "slow")
    monkeypatch.setitem(object_client._TIMEOUTS["probe"], "timeout", "1s")
    begun = time.monotonic()
    with pytest.raises(StorageUnavailable, match="does not answer in time"):
        check_storage(Home(Path("/nowhere"), storage_of(s3, port=port)))
    assert time.monotonic() - begun < 20


def test_an_archive_that_goes_while_it_is_read_is_an_error_and_not_its_end(
    s3: S3Server, proxy: tuple[int, Faults]
) -> None:
    port, faults = proxy
    store = store_of(storage_of(s3, port=port))
    run(store, MadeJournal(), life=1)
    (archive,) = [file for file in store.list("b1") if file.kind is PartFile.ARCHIVE]
    assert archive.stem is not None
    with store.open("b1", archive.stem, PartFile.ARCHIVE) as file:
        faults.first(10_000, "error")
        with pytest.raises(CannotFinish, match="status 500"):
            list(iter_records(file))


def test_an_upload_whose_process_is_killed_leaves_nothing_to_see(
    s3: S3Server, proxy: tuple[int, Faults]
) -> None:
    port, faults = proxy
    storage = storage_of(s3, port=port)
    faults.first(10_000, "slow", "PUT", "tracklists")
    code = (
        "import sys; from pathlib import Path; from tlray.io.disk.home import Home; from store_contract import put;"
        "from tlray.io.results.open_store import open_store; put(open_store(Home.of(Path('/nowhere'), sys.argv[1])), 'p1')"
    )
    environ = {**os.environ, **dict(storage.options), "PYTHONPATH": str(Path(__file__).parents[1] / "shared")}
    process = subprocess.Popen([sys.executable, "-c", code, storage.uri], env=environ)
    deadline = time.monotonic() + 60
    while not any(method == "PUT" and "tracklists" in path for method, path in faults.seen):
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait(10)
    faults.none()
    kinds = {file.kind for file in store_of(storage).list("b1")}
    assert kinds == {PartFile.ARCHIVE, PartFile.TRACKS}
    store_of(storage).delete("b1", ["p1"])
    assert not store_of(storage).list("b1")


# -- other readers ----------------------------------------------------------------------------------


def test_plain_pandas_reads_what_is_published_and_nothing_else(s3: S3Server) -> None:
    storage = storage_of(s3)
    store = store_of(storage)
    stage(store, "b1", "0001-000001-00001", [a_set(1), a_set(2)], b"")
    store.publish("b1", "0001-000001-00001")
    stage(store, "b1", "0001-000001-00002", [a_set(3)], b"")
    obstore.put(raw_store(s3), f"{storage.prefix}/results/b1/tracks/_half.parquet", b"PAR1 and no more")
    key, secret = KEYS["reader"]
    reader = pyarrow.fs.S3FileSystem(
        access_key=key,
        secret_key=secret,
        endpoint_override=f"127.0.0.1:{s3.port}",
        scheme="http",
        region="us-east-1",
    )
    for name, n in (("tracks", 6), ("tracklists", 2)):
        frame = pd.read_parquet(f"{BUCKET}/{storage.prefix}/results/b1/{name}", filesystem=reader)
        assert len(frame) == n
        assert set(frame["item_id"]) == {1, 2}
