"""A broker's URL is read as brokers mean it, and shown without its secret."""

from __future__ import annotations

import pytest

from tlray.errors import UsageError
from tlray.io.broker.address import broker_address


@pytest.mark.parametrize(
    ("url", "shown", "user", "vhost"),
    [
        ("amqp://h", "amqp://h:5672/", "guest", "/"),
        ("amqp://u:p@h/", "amqp://h:5672/", "u", "/"),
        ("amqp://u:p@h/%2F", "amqp://h:5672/", "u", "/"),
        ("amqps://u:p%40w@h/sets", "amqps://h:5671/sets", "u", "sets"),
        (" amqp://u@[::1]:5673/a%2Fb\n", "amqp://[::1]:5673/a/b", "u", "a/b"),
        ("AMQP://h/x?heartbeat=3", "amqp://h:5672/x", "guest", "x"),
    ],
)
def test_a_url_names_a_broker(url: str, shown: str, user: str, vhost: str) -> None:
    address = broker_address(url)
    assert (str(address), address.user, address.vhost) == (shown, user, vhost)
    assert "p%40w" not in repr(address)


@pytest.mark.parametrize(
    "url",
    ["", "h", "sEcReT@h", "http://u:sEcReT@h", "amqp://", "amqp://u:sEcReT@", "amqp:u:sEcReT@h", "amqp://u:sEcReT@h:0",
     "amqp://u:sEcReT@h:70000", "amqp://u:sEcReT@[::", "amqp://u:sEcReT@h:x"],
)  # fmt: skip
def test_another_text_is_an_error_that_shows_no_secret(url: str) -> None:
    with pytest.raises(UsageError, match=r"AMQP_URL .*; write amqp://user:password@host:5672/vhost") as error:
        broker_address(url)
    assert "sEcReT" not in str(error.value)
