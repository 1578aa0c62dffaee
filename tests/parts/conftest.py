"""Real parts that several files share."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis_server
from broker import broker
from real_parts import missing
from redis_server import RedisServer
from silence import make_silence

__all__ = ["broker"]


@pytest.fixture(scope="session")
def folder() -> Iterator[Path]:
    """A folder with an audio file of silence, which other users may read too."""
    if not shutil.which("ffmpeg"):
        missing("ffmpeg", "apt-get install ffmpeg")
    with tempfile.TemporaryDirectory(prefix="tlray-cue-") as name:
        made = Path(name)
        made.chmod(0o755)
        make_silence(made)
        yield made


@pytest.fixture(scope="session")
def redis_of_session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """The one Redis; `redis_there` is it, empty and answering."""
    if not redis_server.is_there():
        missing("Redis", "apt-get install redis-server")
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    try:
        server.start()
        yield server
    finally:
        server.kill()


@pytest.fixture
def redis_there(redis_of_session: RedisServer) -> RedisServer:
    redis_of_session.start()  # a test that failed may have left it dead
    with redis_of_session.admin() as client:
        client.config_set("maxmemory", 0)
        client.flushall()
    return redis_of_session
