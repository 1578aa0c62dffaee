"""A batch whose results are in a real S3 server, on a real Ray whose workers know nothing of the storage by themselves."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import obstore
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import StartSite, Tlray, wait_until
from process_trees import command_lines
from s3_server import BUCKET, KEYS, S3Server, failing_proxy, raw_store, running_s3

import tlray
from tlray.cluster.workers.config import ScrapeConfig
from tlray.cluster.workers.ray_task import scrape_lease
from tlray.core.scheduling.lease import Answer
from tlray.errors import HomeUnusable
from tlray.io.audit.audit import audit_batch
from tlray.io.disk.home import Home
from tlray.io.disk.storage import parse_storage

pytestmark = [pytest.mark.ray, pytest.mark.parts]
N_SETS = 60
PREFIX = "music/catalogue"


@pytest.fixture(scope="module")
def s3() -> Iterator[S3Server]:
    with running_s3() as server:
        yield server


def test_a_batch_outlives_a_storage_that_goes_away_and_one_that_refuses(
    start_site: StartSite, joined: Tlray, s3: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    urls = start_site("--sites=3", f"--sets={N_SETS}").urls()
    with failing_proxy(s3) as (port, faults):
        for name, value in s3.environ(port=port).items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("TLRAY_STORAGE", f"s3://{BUCKET}/{PREFIX}")
        n_staged = 0

        def choose(method: str, path: str) -> str | None:
            """Cut the second part off for a while, and refuse everything after one more."""
            nonlocal n_staged
            if method != "PUT" or "_staging" not in path:
                return None
            n_staged += 1
            return "cut" if 4 <= n_staged <= 12 else "denied" if n_staged > 15 else None

        faults.choose = choose
        rates = [f"--rate=127.0.0.{n}=3/s" for n in (1, 2, 3)]
        done = joined.here("scrape", *urls, *rates, "--json", "--max-workers=1")
        assert done.returncode == 4, done.stderr
        assert f"storage s3://{BUCKET}/{PREFIX} cannot be used: access is denied" in done.stderr
        batch_id = next(
            line.split()[1].rstrip(":") for line in done.stderr.splitlines() if line.startswith("batch ")
        )
        n_before = joined.n_succeeded(batch_id)
        assert 0 < n_before < N_SETS
        kept = tlray.load(batch_id, home=joined.home)[0]
        assert len(kept) == n_before, "what is stored can be read meanwhile"

        faults.none()
        wait_until(lambda: joined.n_succeeded(batch_id) > n_before, what="a batch that goes on by itself")
        resumed = joined.here("scrape", "--resume", batch_id, "--json", "--export=jsonl")
        assert resumed.returncode == 0, resumed.stderr
        assert json.loads(resumed.stdout)["succeeded"] == N_SETS
        _nobody_tells_a_secret(done.stderr + resumed.stderr + done.stdout + resumed.stdout)
    monkeypatch.delenv("TLRAY_STORAGE")  # the home remembers it
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{s3.port}")
    _is_all_there(joined, batch_id, urls, s3)
    _read_by_an_older_parser(batch_id, s3)
    again = joined.here("reparse", batch_id)
    assert again.returncode == 0, again.stderr
    assert f"{N_SETS} sets changed ({N_SETS} set_title)" in again.stderr
    _is_all_there(joined, batch_id, urls, s3)


def test_a_storage_that_refuses_is_one_error_at_start_and_nothing_is_half_done(
    joined: Tlray, s3: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in s3.environ("reader").items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("TLRAY_STORAGE", f"s3://{BUCKET}/{PREFIX}")
    done = joined.here("scrape", "http://127.0.0.1:9/set")
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith(
        f"tlray: storage s3://{BUCKET}/{PREFIX} cannot be used: access is denied; the credentials need the rights"
    )
    _nobody_tells_a_secret(done.stderr)
    assert {path.name for path in joined.home.iterdir()} == {"home.id"}


def test_a_task_on_a_node_that_does_not_see_the_home_works_with_a_storage_and_only_then(
    joined: Tlray, s3: S3Server
) -> None:
    import ray  # noqa: PLC0415

    class Refusing:
        """A coordinator that has nothing for a task."""

        def report(self, report: object) -> Answer:
            return Answer(accepted=False)

    coordinator = ray.remote(Refusing).options(num_cpus=0).remote()
    storage = parse_storage(f"s3://{BUCKET}/{PREFIX}", s3.environ())
    terms = ScrapeConfig("/nowhere/at/all", "another-home", "tlray/test", storage=storage)
    run = ray.remote(scrape_lease).options(num_cpus=0, max_retries=0)
    assert ray.get(run.remote("0001-000001", terms, coordinator), timeout=60) == 0
    with pytest.raises(HomeUnusable, match="does not see the storage"):
        ray.get(run.remote("0001-000002", replace(terms, storage=None), coordinator), timeout=60)
    folder = replace(terms, storage=parse_storage("file:///nowhere/else", {}))
    with pytest.raises(HomeUnusable):
        ray.get(run.remote("0001-000003", folder, coordinator), timeout=60)


def _read_by_an_older_parser(batch_id: str, s3: S3Server) -> None:
    """Give all sets of a finished batch another title."""
    store = raw_store(s3)
    folder = f"{PREFIX}/results/{batch_id}/tracklists/"
    for some in obstore.list(store, prefix=folder):
        for file in some:
            table = pq.read_table(pa.BufferReader(bytes(obstore.get(store, file["path"]).bytes())))
            field = table.schema.field("title")
            titles = pa.array([f"Old {title}" for title in table["title"].to_pylist()], field.type)
            sink = pa.BufferOutputStream()
            pq.write_table(table.set_column(table.schema.get_field_index("title"), field, titles), sink)
            obstore.put(store, file["path"], sink.getvalue().to_pybytes())


def _nobody_tells_a_secret(text: str) -> None:
    secrets = [secret for _, secret in KEYS.values()]
    shown = [text, *(line for _, line in command_lines())]
    assert not any(secret in one for one in shown for secret in secrets)


def _is_all_there(joined: Tlray, batch_id: str, urls: list[str], s3: S3Server) -> None:
    tracklists, tracks = tlray.load(batch_id, home=joined.home)
    assert Counter(tracklists.url) == Counter(urls)
    home = Home.of(joined.home, None)
    audit = audit_batch(home, batch_id, reads_pages=True)
    assert audit.is_right, audit.findings
    assert (audit.n_rows, audit.n_pages, audit.n_track_rows) == (N_SETS, N_SETS, len(tracks))
    assert not list((joined.home / "results").glob("*"))
    found = [one["path"] for some in obstore.list(raw_store(s3), PREFIX) for one in some]
    assert not [path for path in found if "_staging" in path or "_probe" in path]
    (exported,) = [path for path in found if "/exports/" in path]
    lines = bytes(obstore.get(raw_store(s3), exported).bytes()).splitlines()
    assert {json.loads(line)["url"] for line in lines} == set(urls)
