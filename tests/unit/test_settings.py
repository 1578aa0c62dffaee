"""What an environment may say, and how it is told that it said something wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from tlray.core.politeness.retry import MAX_REST_S
from tlray.core.scheduling.batch_config import user_agent
from tlray.errors import UsageError
from tlray.io.disk.home import Home
from tlray.io.redis.address import address_of
from tlray.settings import Settings, read_settings


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"TLRAY_{name.upper()}", raising=False)


@pytest.mark.parametrize(
    ("variable", "text", "value"),
    [
        ("TLRAY_HOME", "/data/sets", Path("/data/sets")),
        ("TLRAY_HOME", "~/sets", Path("~/sets").expanduser()),
        ("TLRAY_HOME", "sets", Path("sets").absolute()),  # a task of another folder must find it
        ("TLRAY_HOME", "", Path("~/.tlray").expanduser()),  # set to nothing is not set
        ("TLRAY_CONTACT", "me@example.org", "me@example.org"),
        ("TLRAY_CONTACT", "https://example.org/bot", "https://example.org/bot"),
        ("TLRAY_LOG_FORMAT", "json", "json"),
        ("TLRAY_LOG_LEVEL", "debug", "debug"),
        ("TLRAY_MIN_WORKERS", "2", 2),
        ("TLRAY_MAX_WORKERS", "4", 4),
        ("TLRAY_MAX_OPEN_ITEMS", "1000", 1_000),
        ("TLRAY_MAX_OPEN_ITEMS_PER_USER", "10", 10),
        ("TLRAY_MAX_BATCHES_PER_MINUTE", "5", 5),
        ("TLRAY_MAX_REQUESTS_PER_S", "0.5", 0.5),
        ("TLRAY_MAX_OPEN_REQUESTS_PER_USER", "20", 20),
        ("TLRAY_MAX_OPEN_REQUESTS_PER_ADDRESS", "1000", 1_000),
        ("TLRAY_BODY_TIMEOUT_S", "30", 30.0),
        ("TLRAY_BODY_GAP_S", "2.5", 2.5),
        ("TLRAY_BODY_MIN_RATE", "1e3", 1_000.0),
        ("TLRAY_MAX_IMPORT_BYTES", "2000000", 2_000_000),
        ("TLRAY_MAX_UPLOAD_BYTES_PER_USER", "5000000000", 5_000_000_000),
        ("TLRAY_TRUSTED_PROXIES", "127.0.0.1, fd00::/8", "127.0.0.1, fd00::/8"),
        ("TLRAY_ALLOW_PRIVATE_HOSTS", "10.0.0.0/8, fd00::/8", "10.0.0.0/8, fd00::/8"),
        ("TLRAY_ALLOWED_HOSTS", "sets.example.org", "sets.example.org"),
        ("TLRAY_REPLICAS", "3", 3),
        ("TLRAY_LIMITER_ACTORS", "2", 2),
        ("TLRAY_FETCH_TIMEOUT_S", "0.5", 0.5),
        ("TLRAY_LEASE_S", "12", 12.0),
        ("TLRAY_IDLE_END_S", "0", 0.0),
        ("TLRAY_BLOCK_COOL_DOWN_S", "60", 60.0),
        ("TLRAY_MAX_REST_S", "86400", 86_400.0),
        ("TLRAY_DOMAINS_FILE", "/etc/sets/domains.toml", Path("/etc/sets/domains.toml")),
        ("TLRAY_SMTP_FROM", "sets@example.org", "sets@example.org"),
        ("TLRAY_DOMAINS_FILE", "~/domains.toml", Path("~/domains.toml").expanduser()),
    ],
)
def test_a_setting_is_read_from_its_variable(
    monkeypatch: pytest.MonkeyPatch, variable: str, text: str, value: object
) -> None:
    monkeypatch.setenv(variable, text)
    assert getattr(read_settings(), variable.removeprefix("TLRAY_").lower()) == value


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("TLRAY_CONTACT", "me"),  # nobody can write to that
        ("TLRAY_CONTACT", "me@example.org\r\nX-Header: 1"),  # it becomes part of a header
        ("TLRAY_MIN_WORKERS", "0"),
        ("TLRAY_MAX_WORKERS", "0"),
        ("TLRAY_MAX_WORKERS", "65"),
        ("TLRAY_MAX_WORKERS", "many"),
        ("TLRAY_MAX_OPEN_ITEMS", "0"),
        ("TLRAY_MAX_OPEN_ITEMS_PER_USER", "-3"),
        ("TLRAY_MAX_BATCHES_PER_MINUTE", "0"),
        ("TLRAY_MAX_REQUESTS_PER_S", "0"),
        ("TLRAY_MAX_OPEN_REQUESTS_PER_USER", "0"),
        ("TLRAY_MAX_OPEN_REQUESTS_PER_ADDRESS", "1001"),  # a replica would have none for anybody else
        ("TLRAY_BODY_TIMEOUT_S", "0"),
        ("TLRAY_BODY_GAP_S", "-1"),
        ("TLRAY_BODY_MIN_RATE", "0"),
        ("TLRAY_TRUSTED_PROXIES", "proxy.example.org"),
        ("TLRAY_ALLOW_PRIVATE_HOSTS", "localhost"),
        ("TLRAY_ALLOW_PRIVATE_HOSTS", "10.0.0.0/33"),
        ("TLRAY_LIMITER_ACTORS", "17"),
        ("TLRAY_LIMITER_ACTORS", "-1"),
        ("TLRAY_FETCH_TIMEOUT_S", "0"),
        ("TLRAY_LEASE_S", "2.9"),
        ("TLRAY_IDLE_END_S", "-1"),
        ("TLRAY_IDLE_END_S", "nan"),
        ("TLRAY_FETCH_TIMEOUT_S", "601"),
        ("TLRAY_FETCH_TIMEOUT_S", "nan"),
        ("TLRAY_BLOCK_COOL_DOWN_S", "-1"),
        ("TLRAY_BLOCK_COOL_DOWN_S", "soon"),
    ],
)
def test_a_bad_value_is_one_error_that_names_its_variable(
    monkeypatch: pytest.MonkeyPatch, variable: str, text: str
) -> None:
    monkeypatch.setenv(variable, text)
    with pytest.raises(UsageError) as caught:
        read_settings()
    told = str(caught.value)
    assert f"({variable})" in told
    assert repr(text) in told
    assert "\n" not in told


def test_every_setting_is_tried_here() -> None:
    tried = {
        "amqp",
        "home",
        "contact",
        "log_format",
        "log_level",
        "min_workers",
        "max_open_items",
        "max_open_items_per_user",
        "max_workers",
        "max_batches_per_minute",
        "max_requests_per_s",
        "max_open_requests_per_user",
        "max_open_requests_per_address",
        "body_timeout_s",
        "body_gap_s",
        "body_min_rate",
        "max_import_bytes",
        "max_upload_bytes_per_user",
        "trusted_proxies",
        "allow_private_hosts",
        "allowed_hosts",
        "replicas",
        "limiter_actors",
        "fetch_timeout_s",
        "lease_s",
        "idle_end_s",
        "block_cool_down_s",
        "max_rest_s",
        "domains_file",
        "redis",
        "journal",  # tests/unit/io/journal/test_postgres.py
        "smtp_url",
        "smtp_from",
        "storage",
    }
    assert set(Settings.model_fields) == tried


def test_a_storage_is_read_where_a_home_is_opened(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TLRAY_STORAGE", "s3://sets/a/")
    home = Home.of(tmp_path, read_settings().storage)
    assert home.storage is not None
    assert home.storage.uri == "s3://sets/a"


def test_the_longest_rest_is_by_default_the_one_of_the_core() -> None:
    assert Settings().max_rest_s == MAX_REST_S


def test_an_option_goes_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TLRAY_MAX_WORKERS", "4")
    assert read_settings(max_workers=2).max_workers == 2
    assert read_settings(max_workers=None).max_workers == 4


def test_lists_are_read_word_by_word() -> None:
    settings = Settings(
        allow_private_hosts=" 10.0.0.0/8,fd00::/8 ,", allowed_hosts="Sets.Example.Org, [fd00::1]"
    )
    assert settings.networks == ("10.0.0.0/8", "fd00::/8")
    assert settings.hosts == {"sets.example.org", "fd00::1"}
    assert (Settings().networks, Settings().hosts) == ((), frozenset())


def test_the_user_agent_says_who_we_are_and_whom_to_write_to() -> None:
    assert user_agent("1.2", None) == "tlray/1.2"
    assert user_agent("1.2", "me@example.org") == "tlray/1.2 (+me@example.org)"


def test_settings_are_checked_against_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TLRAY_MIN_WORKERS", "4")
    assert read_settings(max_workers=4).min_workers == 4
    assert read_settings().max_workers is None, "the bound of the machine gives way"
    with pytest.raises(UsageError) as caught:
        read_settings(max_workers=2)
    assert str(caught.value) == "TLRAY_MIN_WORKERS (4) must not exceed TLRAY_MAX_WORKERS (2)"


@pytest.mark.parametrize(
    ("url", "contact", "said"),
    [
        ("mail.example.org", "me@example.org", "TLRAY_SMTP_URL: write smtp://host:port"),
        ("https://u:secret@mail.example.org", "me@example.org", "TLRAY_SMTP_URL: write smtp://host:port"),
        (
            "smtp://u:secret@mail.example.org:99999",
            "me@example.org",
            "TLRAY_SMTP_URL: write smtp://host:port",
        ),
        ("smtp://u:secret@mail.example.org", "https://example.org", "TLRAY_SMTP_URL needs TLRAY_SMTP_FROM"),
        ("smtp://u:secret@mail.example.org", None, "TLRAY_SMTP_URL needs TLRAY_SMTP_FROM"),
    ],
)
def test_a_mail_server_that_is_none_is_told_without_its_password(
    monkeypatch: pytest.MonkeyPatch, url: str, contact: str | None, said: str
) -> None:
    monkeypatch.setenv("TLRAY_SMTP_URL", url)
    with pytest.raises(UsageError) as caught:
        read_settings(contact=contact)
    assert str(caught.value).startswith(said)
    assert "secret" not in str(caught.value)


def test_notices_come_from_who_is_named_or_from_the_contact(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TLRAY_SMTP_URL", "smtp://u:secret@mail.example.org")
    settings = read_settings(contact="me@example.org")
    assert settings.mail_sender == "me@example.org"
    assert "secret" not in repr(settings)
    assert (
        read_settings(contact="me@example.org", smtp_from="sets@example.org").mail_sender
        == "sets@example.org"
    )


@pytest.mark.parametrize(
    "url",
    [
        "redis://127.0.0.1",
        " redis://10.0.0.5:6379/15 ",
        "redis://user:p%40ss%2Fword@redis.example.org:6379/",
        "redis://:secret@[::1]:6380/0",
        "rediss://user:secret@redis.example.org?ssl_ca_certs=/etc/ca.pem",
    ],
)
def test_a_redis_url_is_shown_without_its_password(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("TLRAY_REDIS", url)
    settings = read_settings()
    address = address_of(settings.redis)
    assert address is not None
    assert str(address).startswith(("redis://", "rediss://"))
    assert not any(
        secret in f"{settings!r} {address} {address!r}" for secret in ("secret", "p%40ss", "user:")
    )


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("127.0.0.1:6379", "no redis://"),
        ("http://s3cret@127.0.0.1", "no redis://"),
        ("redis+sentinel://s3cret@a", "no redis://"),
        ("redis://", "names no host"),
        ("redis://:s3cret@", "names no host"),
        ("redis://:s3cret@host:0", "port 0"),
        ("redis://:s3cret@host:66666", "no URL"),
        ("redis://:s3c#ret@host", ""),
        ("redis://:s3c/ret@host", ""),
        ("redis://:s3cret@host/first", "number of a database"),
        ("redis://:s3cret@host/0#x", "%XX"),
        ("redis://:s3 cret@host/0", "%XX"),
        ("redis://:s3\ncret@host/0", "%XX"),
        ("redis://:s3cret@host/0?db=s3cret", "nothing after ?"),
        ("redis://:s3cret@host/0?ssl_ca_certs=/x", "with rediss://"),
        ("rediss://:s3cret@host/0?ssl_cert_reqs=none", "nothing after ?"),
        ("rediss://:s3cret@host/0?ssl", "no URL"),
        ("redis://[s3cret", "no URL"),
    ],
)
def test_a_bad_redis_url_is_one_error_without_its_password(
    monkeypatch: pytest.MonkeyPatch, url: str, reason: str
) -> None:
    monkeypatch.setenv("TLRAY_REDIS", url)
    with pytest.raises(UsageError) as caught:
        read_settings()
    told = str(caught.value)
    assert told.startswith("TLRAY_REDIS ")
    assert reason in told
    assert "write redis://user:password@host:6379/0" in told
    assert not any(part in told for part in ("s3c", "cret", "ret@", "\n"))
