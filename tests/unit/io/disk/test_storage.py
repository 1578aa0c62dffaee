"""The URI of a storage: its spellings, what is refused, and that no secret is shown."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from tlray.errors import StorageUnusable, UsageError
from tlray.io.disk.home import Home
from tlray.io.disk.storage import parse_storage
from tlray.io.results.open_store import check_storage, open_store

SECRET = "hush-0123456789"  # noqa: S105 - nobody\'s
ENV = {"AWS_ACCESS_KEY_ID": "AK", "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_PROFILE": "x", "AWS_REGION": ""}


@pytest.mark.parametrize(
    ("uri", "spelt"),
    [
        ("s3://sets", "s3://sets"),
        ("s3://sets/", "s3://sets"),
        ("S3://sets//a/b/", "s3://sets/a/b"),
        ("s3a://sets/a", "s3://sets/a"),
        ("s3://sets/a%20b", "s3://sets/a b"),
        ("s3://sets/100%25%3F%23%40/ü", "s3://sets/100%25%3F%23%40/ü"),
        ("gs://sets/a", "gs://sets/a"),
        ("gcs://sets/a", "gs://sets/a"),
        ("az://box/a", "az://box/a"),
        ("file:///mnt/sets", "file:///mnt/sets"),
        ("file:/mnt/sets/", "file:///mnt/sets"),
        ("file://localhost/mnt/sets", "file:///mnt/sets"),
    ],
)
def test_a_storage_has_one_spelling(uri: str, spelt: str) -> None:
    storage = parse_storage(uri, {})
    assert storage.uri == spelt
    assert parse_storage(storage.uri, {}) == storage


@pytest.mark.parametrize(
    ("uri", "words"),
    [
        ("sets", "not a storage that tlray knows"),
        ("http://127.0.0.1/sets", "not a storage that tlray knows"),
        (f"s3://AK:{SECRET}@sets/a", "credentials come from the environment (AWS_ACCESS_KEY_ID, AWS_SECRET"),
        (f"s3://sets/a?secret={SECRET}", "no password, query or fragment"),
        (f"ftp://AK:{SECRET}@sets", "not a storage that tlray knows"),
        (f"s3://[{SECRET}", "is no URI"),
        ("s3:///a", "'' is no name of a bucket"),
        ("s3:sets/a", "'' is no name of a bucket"),
        ("s3://se ts", "'se ts' is no name of a bucket"),
        ("s3://sets/a/../b", "is no path that a storage can have"),
        ("s3://sets/a%0Ab", "is no path that a storage can have"),
        ("file://other/mnt", "name an absolute folder"),
        ("file:mnt", "name an absolute folder"),
        ("file:///", "name an absolute folder"),
    ],
)
def test_a_wrong_uri_is_one_clear_error_without_a_secret(uri: str, words: str) -> None:
    with pytest.raises(UsageError) as raised:
        parse_storage(uri, {})
    assert words in str(raised.value)
    assert "TLRAY_STORAGE" in str(raised.value)
    assert SECRET not in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    "endpoint",
    ["nonsense", "ftp://a", "http://", "http://a:x", f"http://AK:{SECRET}@a", f"https://a?k={SECRET}"],
)
def test_an_endpoint_is_the_url_of_a_server(endpoint: str) -> None:
    with pytest.raises(UsageError, match="AWS_ENDPOINT_URL must be the URL of a server") as raised:
        parse_storage("s3://sets", {"AWS_ENDPOINT_URL": endpoint})
    assert SECRET not in str(raised.value)


def test_credentials_go_along_and_are_never_shown() -> None:
    storage = parse_storage("s3://sets/a", ENV)
    assert dict(storage.options) == {"AWS_ACCESS_KEY_ID": "AK", "AWS_SECRET_ACCESS_KEY": SECRET}
    home = Home(Path("/x"), storage)
    assert SECRET not in f"{storage} {storage!r} {home} {home!r}"
    again = pickle.loads(pickle.dumps(home))  # noqa: S301 - our own
    assert dict(again.storage.options) == dict(storage.options)
    assert parse_storage("gs://sets", ENV).options == ()


def test_variables_that_do_not_go_together_are_named_without_their_values() -> None:
    storage = parse_storage(
        "az://box", {"AZURE_STORAGE_ACCOUNT_NAME": "me", "AZURE_STORAGE_SAS_TOKEN": SECRET}
    )
    with pytest.raises(
        StorageUnusable, match=r"do not go together \(AZURE_STORAGE_ACCOUNT_NAME, AZURE_"
    ) as raised:
        check_storage(Home(Path("/x"), storage))
    assert SECRET not in f"{raised.value} {raised.value.__cause__} {raised.value.__context__}"


@pytest.mark.parametrize(
    ("uri", "environ"),
    [
        ("gs://sets/a", {"GOOGLE_SKIP_SIGNATURE": "true"}),
        ("az://box/a", {"AZURE_STORAGE_ACCOUNT_NAME": "me", "AZURE_STORAGE_ACCOUNT_KEY": "Zm9v"}),
    ],
)
def test_other_clouds_have_a_store_of_the_same_kind(uri: str, environ: dict[str, str]) -> None:
    store = open_store(Home(Path("/x"), parse_storage(uri, environ)))
    assert store.publishes_late
    assert store.client.connect("small") is store.client.connect("small")  # type: ignore[attr-defined]


# -- a home remembers its storage -------------------------------------------------------------------


def test_a_home_remembers_its_storage(tmp_path: Path) -> None:
    assert Home.of(tmp_path, None).storage is None
    given = Home.of(tmp_path, "s3://sets/a").create()
    assert Home.of(tmp_path, None).storage is None, "not before it is known to be there"
    given.record_storage()
    assert (tmp_path / "storage").read_text() == "s3://sets/a\n"
    later = Home.of(tmp_path, None)
    assert later.storage is not None
    assert later.storage.uri == "s3://sets/a"
    assert Home.of(tmp_path, "s3://sets/a/").create().storage == later.storage
    assert open_store(Home(tmp_path)).publishes_late, "whoever opens it finds them"
    with pytest.raises(UsageError, match="has its results in s3://sets/a, and TLRAY_STORAGE is s3://sets/b"):
        Home.of(tmp_path, "s3://sets/b")


def test_a_home_with_results_of_its_own_takes_no_storage(tmp_path: Path) -> None:
    home = Home.of(tmp_path, None).create()
    home.results("b1").mkdir(parents=True)
    with pytest.raises(UsageError, match="has results on its own disk"):
        Home.of(tmp_path, "s3://sets/a")


def test_a_folder_as_a_storage_is_made_and_holds_results_and_exports(tmp_path: Path) -> None:
    folder = tmp_path / "shared" / "sets"
    home = Home.of(tmp_path / "home", folder.as_uri()).create()
    check_storage(home)
    assert (folder / "home.id").exists()
    assert home.exports("b1") == folder / "exports" / "b1"
    with open_store(home).stage("b1", "p1"):
        pass
    assert (folder / "results" / "b1" / "_staging").is_dir()
    (tmp_path / "file").touch()
    with pytest.raises(StorageUnusable, match="there is a file of that name"):
        check_storage(Home(tmp_path, parse_storage((tmp_path / "file").as_uri(), {})))
