"""Real parts that several files share."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from broker import Broker, is_there


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """The one RabbitMQ; a test takes a queue of its own."""
    if not is_there():
        reason = "RabbitMQ is not there: apt-get install rabbitmq-server"
        (pytest.fail if os.environ.get("TLRAY_REQUIRE_PARTS") == "1" else pytest.skip)(reason)
    broker = Broker(tmp_path_factory.mktemp("rabbitmq"))
    try:
        broker.start()
        yield broker
    finally:
        broker.close()
