"""Real parts that several files share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import redis_server
from broker import broker
from real_parts import missing
from redis_server import RedisServer

__all__ = ["broker"]


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
