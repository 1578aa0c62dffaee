"""Ray's own commands on a cluster that is there: `serve build` and `deploy`, a refused start, what `serve shutdown` leaves; and
a job that says where its results go, what it waits for, and how far it is."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dashboard
import psutil
import pytest
import yaml
from conftest import ROOT, StartSite, Tlray, wait_until
from process_trees import kill_tree

pytestmark = pytest.mark.ray
BIN = Path(sys.executable).parent
DEPLOYED_S = 120.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def listened_at(port: int) -> list[str]:
    """The addresses at which anybody of this machine listens at a port."""
    found = [
        c for c in psutil.net_connections("tcp") if c.status == psutil.CONN_LISTEN and c.laddr.port == port
    ]
    return [c.laddr.ip for c in found]


@dataclass(frozen=True)
class Cluster:
    """A head node with ports of its own, and the commands that talk to it."""

    env: dict[str, str]
    gcs: int
    dashboard: int

    def run(self, *command: str, timeout_s: float = 120) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(BIN / command[0]), *command[1:]],
            env=self.env, capture_output=True, text=True, cwd=ROOT, timeout=timeout_s, check=False,
        )  # fmt: skip

    def deploy(self, config: dict[str, Any], path: Path) -> dict[str, Any]:
        """Deploy, and return the application as soon as it has come to a status."""
        path.write_text(yaml.safe_dump(config))
        done = self.run("serve", "deploy", str(path))
        assert done.returncode == 0, done.stderr

        def is_settled() -> bool:
            status = self.applications().get("tlray", {}).get("status")
            return status in ("RUNNING", "DEPLOY_FAILED", "UNHEALTHY")

        wait_until(is_settled, timeout_s=DEPLOYED_S, what="the deployment")
        return dict(self.applications()["tlray"])

    def asked(self, path: str, body: object = None, *, method: str | None = None) -> Any:
        """What Ray's dashboard answers."""
        return dashboard.asked(f"http://127.0.0.1:{self.dashboard}", path, body, method=method)

    def applications(self) -> dict[str, Any]:
        """The applications of Ray Serve."""
        return dict(self.asked("/api/serve/applications/").get("applications", {}))

    def status(self, job: str) -> str:
        """How a job is."""
        return str(self.asked(f"/api/jobs/{job}")["status"])

    def log(self, job: str) -> str:
        """What a job has said so far."""
        return str(self.asked(f"/api/jobs/{job}/logs")["logs"])

    def submit(self, job: str, *command: str, options: list[str]) -> None:
        """Submit a job from a shell whose own TLRAY_HOME is not the job's."""
        start = [
            str(BIN / "ray"),
            "job",
            "submit",
            "--no-wait",
            f"--submission-id={job}",
            "--working-dir=jobs",
            *options,
        ]
        env = self.env | {"RAY_ADDRESS": self.env["RAY_DASHBOARD_ADDRESS"], "TLRAY_HOME": "/nowhere/at/all"}
        answers = []

        def is_taken() -> bool:  # Ray answers before its agent can take jobs
            done = subprocess.run(
                [*start, "--", *command], env=env, capture_output=True, text=True, cwd=ROOT, timeout=120, check=False
            )  # fmt: skip
            answers.append(done.stdout + done.stderr)
            return done.returncode == 0

        wait_until(is_taken, what=f"the submission ({answers[-1:]})")

    def metadata(self, job: str) -> dict[str, str]:
        """A job's metadata."""
        return dict(self.asked(f"/api/jobs/{job}")["metadata"])

    def listed_metadata(self, job: str) -> dict[str, str]:
        """The same, as `ray job list` shows them."""
        listed = self.run("ray", "job", "list", f"--address={self.env['RAY_DASHBOARD_ADDRESS']}").stdout
        (details,) = [d for d in listed.split("JobDetails(") if f"submission_id='{job}'" in d]
        found = re.search(r"metadata=(\{.*?\})", details, re.DOTALL)
        assert found is not None, listed
        return dict(ast.literal_eval(found[1]))

    @contextmanager
    def serving(self, home: Path) -> Iterator[str]:
        """Run the service by Ray Serve's own commands, without a configuration; give its address."""
        port = free_port()
        env = self.env | {"RAY_ADDRESS": f"127.0.0.1:{self.gcs}", "TLRAY_HOME": str(home)}
        start = ["start", "--http-host=127.0.0.1", f"--http-port={port}", "--proxy-location=HeadOnly"]
        subprocess.run(
            [str(BIN / "serve"), *start], env=env, check=True, capture_output=True, cwd=ROOT, timeout=60
        )
        run = [str(BIN / "serve"), "run", "serve_app:app", "--app-dir", str(ROOT)]
        quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        with subprocess.Popen(run, env=env, cwd=ROOT, **quiet) as process:
            try:
                yield f"http://127.0.0.1:{port}"
            finally:
                process.terminate()
                process.wait(timeout=60)
                self.end_serve()

    def shut_serve_down(self) -> None:
        """End Ray Serve by its command."""
        done = self.run("serve", "shutdown", "-y", "--address", f"http://127.0.0.1:{self.dashboard}")
        assert done.returncode == 0, done.stderr
        self._wait_for_its_end()

    def end_serve(self) -> None:
        """End Ray Serve as its command does."""
        self.asked("/api/serve/applications/", method="DELETE")
        self._wait_for_its_end()

    def _wait_for_its_end(self) -> None:
        wait_until(lambda: self.applications() == {}, what="the end of the service")


@pytest.fixture(scope="module")
def cluster(ray_home: Path) -> Iterator[Cluster]:
    """One head node for these tests; nobody else's Ray is touched."""
    hidden = ("RAY_ADDRESS", "TLRAY_CONTACT", "RAY_JOB_ID", "TLRAY_HOME")
    env = {key: value for key, value in os.environ.items() if key not in hidden}
    dashboard_port = free_port()
    env |= {
        "HOME": str(ray_home),
        "RAY_AUTH_MODE": "token",
        "RAY_DASHBOARD_ADDRESS": f"http://127.0.0.1:{dashboard_port}",
    }
    env["RAY_SERVE_MAX_PER_REPLICA_RETRY_COUNT"] = (
        "1"  # a refused start is refused again: each costs seconds of a core
    )
    env["RAY_TMPDIR"] = f"/tmp/tlray-deploy-{os.getpid()}"  # noqa: S108 - Ray's sockets need a short path
    if not (ray_home / ".ray" / "auth_token").exists():
        generate = [str(BIN / "ray"), "get-auth-token", "--generate"]
        subprocess.run(generate, env=env, check=True, capture_output=True)
    ports = {
        "port": free_port(),
        "dashboard-port": dashboard_port,
        "dashboard-agent-listen-port": free_port(),
    }
    ports |= {"ray-client-server-port": free_port(), "min-worker-port": 0, "max-worker-port": 0}
    start = [str(BIN / "ray"), "start", "--head", "--node-ip-address=127.0.0.1", "--num-cpus=2", "--block"]
    start += [f"--{name}={port}" for name, port in ports.items()]
    with subprocess.Popen(
        start, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    ) as head:
        try:
            wait_until(lambda: listens(dashboard_port), what="the dashboard")
            yield Cluster(env, ports["port"], dashboard_port)
        finally:
            kill_tree(head.pid)
            shutil.rmtree(env["RAY_TMPDIR"], ignore_errors=True)


def config(home: Path, port: int, *, n_replicas: int = 1, **http: Any) -> dict[str, Any]:
    """The configuration that is shipped, with this test's own places in it."""
    shipped: dict[str, Any] = yaml.safe_load((ROOT / "deploy" / "serve.yaml").read_text())
    shipped["http_options"] |= {"port": port, **http}
    (application,) = shipped["applications"]
    application["runtime_env"]["working_dir"] = f"local://{ROOT}"
    application["runtime_env"]["env_vars"] |= {
        "TLRAY_HOME": str(home), "TLRAY_ALLOW_PRIVATE_HOSTS": "127.0.0.0/8"
    }  # fmt: skip
    application["deployments"][0]["autoscaling_config"]["min_replicas"] = n_replicas
    return shipped


def asked(url: str, body: object = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})  # noqa: S310 - our own, on loopback
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
        return json.loads(answer.read())


def test_a_refused_start_says_why_in_the_status(cluster: Cluster, tlray: Tlray, tmp_path: Path) -> None:
    port = free_port()
    built = cluster.run("serve", "build", "serve_app:app", "-o", str(tmp_path / "built.yaml"))
    assert built.returncode == 0, built.stderr
    (application,) = yaml.safe_load((tmp_path / "built.yaml").read_text())["applications"]
    assert application["import_path"] == "serve_app:app"
    assert application["deployments"][0]["name"] == "tlray"

    everywhere = cluster.deploy(config(tlray.home, port, host="0.0.0.0"), tmp_path / "serve.yaml")  # noqa: S104 - refused
    assert everywhere["status"] == "DEPLOY_FAILED"
    assert "has no token yet: make one with `tlray token create" in everywhere["message"]
    assert "died unexpectedly" not in everywhere["message"]
    shown = yaml.safe_load(cluster.run("serve", "status").stdout)["applications"]["tlray"]
    assert shown["status"] == "DEPLOY_FAILED"
    assert "has no token yet: make one with `tlray token create" in shown["message"]
    cluster.end_serve()

    unusable = cluster.deploy(config(Path("/proc/nowhere"), port), tmp_path / "serve.yaml")
    assert unusable["status"] == "DEPLOY_FAILED"
    said = unusable["deployments"]["tlray"]["message"]
    assert "home /proc/nowhere cannot be used" in said
    cluster.end_serve()


def test_a_deployed_service_works_and_what_its_shutdown_leaves_is_found_and_ended(
    cluster: Cluster, tlray: Tlray, tmp_path: Path, start_site: StartSite
) -> None:
    site, port = start_site("--sites=1", "--sets=200"), free_port()
    told = cluster.deploy(config(tlray.home, port, n_replicas=2), tmp_path / "serve.yaml")
    assert told["status"] == "RUNNING", told
    assert [one["state"] for one in told["deployments"]["tlray"]["replicas"]] == ["RUNNING"] * 2
    assert listened_at(port) == ["127.0.0.1"]
    url, domain = f"http://127.0.0.1:{port}", site.bases[0].split("//")[1]
    assert asked(f"{url}/readyz")["status"] == "ready"
    slowly = {"urls": site.urls(), "options": {"rates": {domain: "2/s"}}}
    batch_id = asked(f"{url}/api/v1/batch", slowly)["batch_id"]

    refused = cluster.run("tlray", "stop", "--home", str(tlray.home))
    assert (refused.returncode, "a service answers for" in refused.stderr) == (2, True)

    cluster.shut_serve_down()
    n_fetched = len(site.page_arrivals())
    wait_until(lambda: len(site.page_arrivals()) > n_fetched, what="a fetch that nobody watches")
    listed = tlray.here("list")
    assert f"{batch_id} " in listed.stdout
    assert "running" in listed.stdout
    assert f"`tlray stop --home {tlray.home}` ends it" in listed.stderr
    done = cluster.run("tlray", "stop", "--home", str(tlray.home))
    assert done.returncode == 0, done.stderr
    assert f"open: {batch_id}" in done.stderr
    n_fetched = len(site.page_arrivals())
    status = tlray.status(batch_id)
    assert (status["state"], status["sleeps"]) == ("running", True)
    assert status["counts"]["succeeded"] == n_fetched, (
        "what was in flight was kept, and nothing begins any more"
    )


def is_ready(url: str) -> bool:
    try:
        return asked(f"{url}/readyz")["status"] == "ready"
    except OSError:
        return False


def test_a_job_whose_items_died_fails_and_the_service_that_was_run_beside_it_sees_its_batch(
    cluster: Cluster, tlray: Tlray, start_site: StartSite
) -> None:
    site, job = start_site("--sites=1", "--sets=20", "--faults=404=0.1"), f"dying-{os.getpid()}"
    there = json.dumps({"env_vars": {"TLRAY_HOME": str(tlray.home)}})
    with cluster.serving(tlray.home) as url:
        wait_until(lambda: is_ready(url), what="the service")
        scrape = [sys.executable, "scrape_batch.py", *site.urls(), "--max-attempts=1"]
        cluster.submit(job, *scrape, options=[f"--runtime-env-json={there}"])
        wait_until(
            lambda: cluster.status(job) in ("FAILED", "SUCCEEDED"), timeout_s=120, what="the job's end"
        )
        assert cluster.status(job) == "FAILED"
        log = cluster.log(job)
        assert re.search(r"running \d+/20|completed 20/20", log), log
        assert "Traceback" not in log
        n_gone = sum(1 for a in site.page_arrivals() if a["fault"])
        (batch,) = tlray.here("list", "--json").stdout.splitlines()
        assert json.loads(batch)["counts"] == {"succeeded": 20 - n_gone, "dead": n_gone}
        (seen,) = asked(f"{url}/api/v1/batch")["batches"]
        assert (seen["batch_id"], seen["state"]) == (json.loads(batch)["batch_id"], "completed")
        assert len(asked(f"{url}/api/v1/dead-letters")["dead_letters"]) == n_gone


def test_a_job_says_where_results_go_what_it_waits_for_and_how_far_it_is(
    cluster: Cluster, tlray: Tlray, start_site: StartSite
) -> None:
    site = start_site("--sites=1", "--sets=20")
    taker, scraper = f"taker-{os.getpid()}", f"scraper-{os.getpid()}"
    taking = {"entrypoint": "sleep 600", "submission_id": taker, "entrypoint_num_cpus": 2}
    cluster.asked("/api/jobs/", taking)
    wait_until(lambda: cluster.status(taker) == "RUNNING", what="a job that takes all CPUs")
    there = json.dumps({"env_vars": {"TLRAY_HOME": str(tlray.home)}})
    scrape = [sys.executable, "scrape_batch.py", *site.urls()]
    cluster.submit(scraper, *scrape, options=[f"--runtime-env-json={there}"])
    wait_until(lambda: "1 waits for a CPU (`ray status`)" in cluster.log(scraper), what="the line")
    log = cluster.log(scraper)
    says = rf"results go to {tlray.home} on the node \S+, as TLRAY_HOME says in the job's environment"
    own = log.partition("Running entrypoint")[2].splitlines()[1:]
    assert re.match(says, own[0]), log
    told = cluster.listed_metadata(scraper)
    batch_id = told["tlray_batch_id"]
    assert f"batch {batch_id}" in log
    assert (told["tlray_state"], told["tlray_total"], told["tlray_open"]) == ("running", "20", "20")
    cluster.asked(f"/api/jobs/{taker}/stop", method="POST")
    wait_until(lambda: cluster.status(scraper) == "SUCCEEDED", timeout_s=120, what="the job's end")
    told = cluster.metadata(scraper)
    assert (told["tlray_state"], told["tlray_succeeded"], told["tlray_open"]) == ("completed", "20", "0")


@pytest.mark.parametrize(
    ("given", "status", "words"),
    [
        ({}, "ok", "takes our token"),
        ({"RAY_ADDRESS": "auto"}, "ok", "takes our token"),
        ({"RAY_AUTH_TOKEN": "another"}, "failed", "refuses the token of RAY_AUTH_TOKEN"),
        ({"RAY_AUTH_MODE": "disabled"}, "failed", "wants a token"),
        ({"HOME": "/proc/nowhere"}, "failed", "there is no token at"),
    ],
)
def test_the_doctor_asks_a_cluster_whether_it_takes_our_token(
    cluster: Cluster, tmp_path: Path, given: dict[str, str], status: str, words: str
) -> None:
    (Path(cluster.env["HOME"]) / ".ray" / "auth_token").chmod(0o600)
    env = cluster.env | {"RAY_ADDRESS": f"127.0.0.1:{cluster.gcs}"} | given
    asking = Cluster(env, cluster.gcs, cluster.dashboard)
    done = asking.run("tlray", "doctor", "--json", "--home", str(tmp_path / "home"))
    (found,) = [row for row in json.loads(done.stdout)["checks"] if row["check"] == "ray"]
    assert (found["status"], words in found["what"]) == (status, True), found
