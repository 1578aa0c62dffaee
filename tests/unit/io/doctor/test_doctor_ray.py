"""What `tlray doctor` says of Ray: of its token's file, of addresses, and of a GCS that is played by a real gRPC server.

A real cluster: tests/ray/test_doctor_cluster.py.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata
from pathlib import Path

import grpc
import pytest

from tlray.io.doctor import ray_cluster, ray_setup
from tlray.io.doctor.report import Grade, Result

SECRET = "s3cr3t-word"  # noqa: S105 - that is what must not show


class Gcs(grpc.GenericRpcHandler):
    """Answers CheckAlive, with a token or without."""

    def __init__(self) -> None:
        self.version = metadata.version("ray")
        self.token: str | None = SECRET
        self.port = 0

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler | None:
        if details.method != "/ray.rpc.NodeInfoGcsService/CheckAlive":
            return None
        sent = dict(details.invocation_metadata).get("authorization")

        def answer(request: bytes, context: grpc.ServicerContext) -> bytes:
            if self.token is not None and sent != f"Bearer {self.token}":
                context.abort(grpc.StatusCode.UNAUTHENTICATED, "InvalidAuthToken")
            version = self.version.encode()
            return b"\x0a\x00" + bytes([0x12, len(version)]) + version

        return grpc.unary_unary_rpc_method_handler(answer)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"


@pytest.fixture
def gcs() -> Iterator[Gcs]:
    played = Gcs()
    server = grpc.server(ThreadPoolExecutor(2), handlers=[played])
    played.port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield played
    server.stop(None).wait()


@pytest.fixture(autouse=True)
def _no_other_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))


def result_of(tmp_path: Path, **environ: str) -> Result:
    result = ray_setup.ray({"HOME": str(tmp_path), **environ})
    assert SECRET not in repr(result)
    assert (result.grade is Grade.OK) == (result.hint == "")
    return result


def token_file(tmp_path: Path, text: str = SECRET, mode: int = 0o600) -> Path:
    path = tmp_path / ".ray" / "auth_token"
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"{text}\n")
    path.chmod(mode)
    return path


# -- a Ray of our own ------------------------------------------------------------------------------------


def test_a_ray_of_our_own_needs_nothing(tmp_path: Path) -> None:
    assert result_of(tmp_path).grade is Grade.OK
    assert result_of(tmp_path, RAY_ADDRESS="local", RAY_AUTH_MODE="TOKEN").grade is Grade.OK
    assert list(tmp_path.iterdir()) == []


def test_a_ray_that_is_not_installed_is_no_bug_of_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", missing)
    result = result_of(tmp_path)
    assert (result.grade, result.what) == (Grade.FAILED, "ray is not installed")


@pytest.mark.parametrize("mode", ["disabled", "Disabled"])
def test_a_ray_without_a_token_is_a_warning(tmp_path: Path, mode: str) -> None:
    result = result_of(tmp_path, RAY_AUTH_MODE=mode)
    assert (result.grade, result.hint) == (Grade.WARNING, "unset RAY_AUTH_MODE")


def test_a_mode_that_ray_does_not_know(tmp_path: Path) -> None:
    result = result_of(tmp_path, RAY_AUTH_MODE="tokens")
    assert (result.grade, result.hint) == (Grade.FAILED, "export RAY_AUTH_MODE=token")


def test_a_token_that_cannot_be_read_is_said_with_its_cure(tmp_path: Path) -> None:
    named = result_of(tmp_path, RAY_AUTH_TOKEN_PATH=str(tmp_path / "nowhere"))
    assert (named.grade, "there is no token at" in named.what) == (Grade.FAILED, True)
    path = token_file(tmp_path, "")
    assert result_of(tmp_path).hint == f"rm {path} (Ray makes a new one)"
    path = token_file(tmp_path, mode=0o644)
    assert result_of(tmp_path).hint == f"chmod 600 {path}"
    path.chmod(0o600)
    assert result_of(tmp_path).grade is Grade.OK


def test_a_folder_whose_name_is_too_long_for_rays_sockets(tmp_path: Path) -> None:
    long = "/tmp/" + "x" * 60  # noqa: S108 - nothing is written
    result = result_of(tmp_path, TMPDIR=long)
    assert (result.grade, "RAY_TMPDIR=/tmp" in result.hint) == (Grade.FAILED, True)
    assert result_of(tmp_path, TMPDIR=long, RAY_TMPDIR="/tmp").grade is Grade.OK  # noqa: S108


# -- a cluster -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        "nonsense",
        "127.0.0.1",
        "127.0.0.1:",
        ":6379",
        "127.0.0.1:0",
        "127.0.0.1:70000",
        "127.0.0.1:٣",
        "ray://127.0.0.1:10001",
    ],
)
def test_what_is_no_address_of_a_cluster(tmp_path: Path, address: str) -> None:
    token_file(tmp_path)
    result = result_of(tmp_path, RAY_ADDRESS=address)
    assert (result.grade, "HOST:PORT" in result.hint) == (Grade.FAILED, True), result


def test_a_cluster_that_is_dead_or_whose_host_is_unknown(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    for mode in ({}, {"RAY_AUTH_MODE": "token"}, {"RAY_AUTH_MODE": "disabled"}):
        result = result_of(tmp_path, RAY_ADDRESS=address, **mode)
        assert (result.grade, "refused" in result.what, "ray start --head" in result.hint) == (
            Grade.FAILED,
            True,
            True,
        )
    result = result_of(tmp_path, RAY_ADDRESS="no.such.host.invalid:6379")
    assert (result.grade, "there is no host" in result.what or "name server" in result.what) == (
        Grade.FAILED,
        True,
    )


def test_what_listens_and_is_no_gcs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray_cluster, "ANSWER_S", 1.0)
    token_file(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        result = result_of(tmp_path, RAY_ADDRESS=f"127.0.0.1:{silent.getsockname()[1]}")
    assert (result.grade, "GCS" in result.what) == (Grade.FAILED, True), result


def test_a_cluster_that_takes_our_token(tmp_path: Path, gcs: Gcs) -> None:
    path = token_file(tmp_path)
    assert "takes our token" in result_of(tmp_path, RAY_ADDRESS=gcs.address).what
    assert result_of(tmp_path, RAY_ADDRESS=gcs.address, RAY_AUTH_MODE="token").grade is Grade.OK
    path.chmod(0o644)
    assert result_of(tmp_path, RAY_ADDRESS=gcs.address).hint == f"chmod 600 {path}"
    path.unlink()
    assert result_of(tmp_path, RAY_ADDRESS=gcs.address, RAY_AUTH_TOKEN=SECRET).grade is Grade.OK


def test_a_cluster_that_refuses_us(tmp_path: Path, gcs: Gcs) -> None:
    missing = result_of(tmp_path, RAY_ADDRESS=gcs.address)
    assert (missing.grade, "there is no token at" in missing.what) == (Grade.FAILED, True)
    token_file(tmp_path, "another")
    wrong = result_of(tmp_path, RAY_ADDRESS=gcs.address)
    assert (wrong.grade, "refuses the token of" in wrong.what, "head node" in wrong.hint) == (
        Grade.FAILED,
        True,
        True,
    )
    named = result_of(tmp_path, RAY_ADDRESS=gcs.address, RAY_AUTH_TOKEN="another")  # noqa: S106
    assert "export RAY_AUTH_TOKEN" in named.hint
    off = result_of(tmp_path, RAY_ADDRESS=gcs.address, RAY_AUTH_MODE="disabled")
    assert (off.grade, off.hint) == (Grade.FAILED, "unset RAY_AUTH_MODE")


def test_a_cluster_that_wants_no_token(tmp_path: Path, gcs: Gcs) -> None:
    gcs.token = None
    without = result_of(tmp_path, RAY_ADDRESS=gcs.address)
    assert (without.grade, "RAY_AUTH_MODE=disabled" in without.hint) == (Grade.FAILED, True)
    assert result_of(tmp_path, RAY_ADDRESS=gcs.address, RAY_AUTH_MODE="disabled").grade is Grade.WARNING
    token_file(tmp_path)
    assert result_of(tmp_path, RAY_ADDRESS=gcs.address).grade is Grade.WARNING


def test_a_cluster_of_another_version(tmp_path: Path, gcs: Gcs) -> None:
    gcs.version = "2.9.3"
    token_file(tmp_path)
    result = result_of(tmp_path, RAY_ADDRESS=gcs.address)
    assert (result.grade, result.hint) == (Grade.FAILED, "pip install 'ray[default,serve]==2.9.3'")


def test_auto_is_the_cluster_that_ray_start_has_noted(tmp_path: Path, gcs: Gcs) -> None:
    token_file(tmp_path)
    (tmp_path / "ray").mkdir()
    (tmp_path / "ray" / "ray_current_cluster").write_text(gcs.address)
    auto = {"RAY_ADDRESS": "auto", "RAY_TMPDIR": str(tmp_path)}
    assert f"auto ({gcs.address})" in result_of(tmp_path, **auto).what
    assert result_of(tmp_path, **auto).grade is Grade.OK
    (tmp_path / "ray" / "ray_current_cluster").write_text("127.0.0.1:1")
    assert result_of(tmp_path, **auto).grade is Grade.FAILED


def test_auto_without_a_cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray_cluster, "_addresses_of_raylets", set)  # others may run a Ray on this machine
    result = result_of(tmp_path, RAY_ADDRESS="auto", RAY_TMPDIR=str(tmp_path))
    assert (result.grade, "ray start --head" in result.hint) == (Grade.FAILED, True)
