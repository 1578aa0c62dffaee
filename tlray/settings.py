"""Settings from ``TLRAY_…`` variables; read once, at the edge.

Options of a command or of `tlray.scrape` go before the environment.
"""

from __future__ import annotations

import re
from ipaddress import ip_network
from pathlib import Path
from typing import Literal, Self
from urllib.parse import parse_qs, urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from tlray.errors import UsageError


class Settings(BaseSettings):
    """Everything that an environment may say."""

    model_config = SettingsConfigDict(
        env_prefix="TLRAY_",
        use_attribute_docstrings=True,
        extra="ignore",
        env_ignore_empty=True,
        allow_inf_nan=False,
    )

    home: Path = Path("~/.tlray")
    """The folder of the journal, the results, the archive and the exports (``TLRAY_HOME``)."""
    storage: str | None = None
    """Where results, archived pages and exports are kept: ``s3://bucket/prefix``, ``gs://bucket/prefix``,
    ``az://container/prefix`` or ``file:///folder``; by default in the home. A home remembers it. Credentials come from the
    usual variables (``AWS_ACCESS_KEY_ID``, …), never from the URI (``TLRAY_STORAGE``)."""
    journal: SecretStr | None = None
    """The journal in a PostgreSQL database (12 or newer): ``postgresql://user:password@host:5432/database``; several homes in one
    database each add ``?schema=NAME`` (``tlray`` by default). Unset: ``state.db`` in the home (``TLRAY_JOURNAL``)."""
    contact: str | None = None
    """An e-mail address or web page for the owners of sites. It is part of the User-Agent, stored with each batch, and
    required for public hosts (``TLRAY_CONTACT``)."""
    min_workers: int = Field(default=1, ge=1, le=64)
    """The least number of scrape tasks for all batches of a home, while there is work for each of them
    (``TLRAY_MIN_WORKERS``)."""
    max_workers: int | None = Field(default=None, ge=1, le=64)
    """The largest number of scrape tasks, stored with each batch; of several running batches the largest value counts. By
    default the machine's cores, on a cluster 10 (``TLRAY_MAX_WORKERS``)."""
    max_open_items: int = Field(default=5_000_000, ge=1)
    """The largest number of open items of all batches (``TLRAY_MAX_OPEN_ITEMS``)."""
    max_open_items_per_user: int = Field(default=2_000_000, ge=1)
    """The same for one user; all command lines are one user (``TLRAY_MAX_OPEN_ITEMS_PER_USER``)."""
    max_batches_per_minute: int = Field(default=60, ge=1)
    """Batches that one user of the service with a token may submit in a minute; without tokens there is no limit
    (``TLRAY_MAX_BATCHES_PER_MINUTE``)."""
    max_requests_per_s: float = Field(default=50.0, gt=0)
    """Requests a second of one user with a token that one replica of the service answers, with ``TLRAY_REDIS`` all replicas
    together; four times as many in a burst (``TLRAY_MAX_REQUESTS_PER_S``)."""
    max_open_requests_per_user: int = Field(default=200, ge=1, le=1_000)
    """Open requests of one user with a token at one replica of the service; at most half of them are uploads whose body has
    not arrived. Sockets and event streams do not count (``TLRAY_MAX_OPEN_REQUESTS_PER_USER``)."""
    max_open_requests_per_address: int = Field(default=200, ge=1, le=1_000)
    """The same for one address, for requests that belong to no known user: an IPv6 address counts as its /64, and all of
    loopback as one (``TLRAY_MAX_OPEN_REQUESTS_PER_ADDRESS``)."""
    body_timeout_s: float = Field(default=120.0, gt=0, le=3_600)
    """The longest time for the body of a request to the service to arrive, in seconds; after that the answer is 408
    (``TLRAY_BODY_TIMEOUT_S``)."""
    body_gap_s: float = Field(default=10.0, gt=0, le=600)
    """The longest pause in such a body, in seconds (``TLRAY_BODY_GAP_S``)."""
    body_min_rate: float = Field(default=500.0, gt=0)
    """The lowest average rate of such a body in bytes a second, after the time of one pause (``TLRAY_BODY_MIN_RATE``)."""
    max_import_bytes: int = Field(default=67_108_864, ge=1_000_000, le=2_147_483_648)
    """Bytes of the files in one request to import them (``TLRAY_MAX_IMPORT_BYTES``)."""
    max_upload_bytes_per_user: int = Field(default=4_294_967_296, ge=1_000_000)
    """Bytes of one user's uploaded files that are not read yet, or hold no set (``TLRAY_MAX_UPLOAD_BYTES_PER_USER``)."""
    trusted_proxies: str = ""
    """Networks (CIDRs, separated by commas) of the reverse proxies in front of the service; ``X-Forwarded-For`` is trusted
    from these only (``TLRAY_TRUSTED_PROXIES``)."""
    allow_private_hosts: str = ""
    """Private networks (CIDRs, separated by commas) that the service may fetch from and notify; a cloud's metadata addresses
    are never allowed. A command line may name any host (``TLRAY_ALLOW_PRIVATE_HOSTS``)."""
    allowed_hosts: str = ""
    """Names of the service besides loopback, separated by commas: ``sets.example.org``, ``*.example.org``, or ``*`` for any.
    Others are refused, because a web page could lead a browser to the service by its own name (``TLRAY_ALLOWED_HOSTS``)."""
    replicas: int = Field(default=1, ge=1, le=32)
    """The number of processes that answer the service's requests (``TLRAY_REPLICAS``)."""
    limiter_actors: int | None = Field(default=None, ge=1, le=16)
    """The largest number of limiter actors, each a process of some 70 MB; by default 1 on a single machine, 4 on a cluster
    (``TLRAY_LIMITER_ACTORS``)."""
    fetch_timeout_s: float = Field(default=60.0, gt=0, le=600)
    """The longest time for one page, in seconds; stored with each batch (``TLRAY_FETCH_TIMEOUT_S``)."""
    lease_s: float = Field(default=30.0, ge=3, le=600)
    """A scrape task that sends no report for this time, in seconds, is stopped by force, and the page that it was reading is
    suspected. A task reports at least every sixth of this time, and at least every 5 s (``TLRAY_LEASE_S``)."""
    idle_end_s: float = Field(default=600.0, ge=0, le=366 * 86_400)
    """Seconds after which a coordinator without work ends, with its limiters; 0: never. It stays while a batch is running or
    scheduled, a service runs, or a command watches. The process that starts it decides (``TLRAY_IDLE_END_S``)."""
    domains_file: Path | None = None
    """A TOML file with the policies of single domains; by default ``domains.toml`` in the home, if it exists
    (``TLRAY_DOMAINS_FILE``)."""
    block_cool_down_s: float | None = Field(default=None, gt=0, le=366 * 86_400)
    """How long a domain rests after a block page, in seconds; by default half an hour (``TLRAY_BLOCK_COOL_DOWN_S``)."""

    max_rest_s: float = Field(default=604_800.0, ge=60, le=31_622_400)
    """The longest rest after one answer of a site (``Retry-After``), in seconds; by default a week. ``tlray domain HOST
    --lift`` ends one early (``TLRAY_MAX_REST_S``)."""

    amqp: SecretStr | None = None
    """The message broker: ``amqp://user:password@broker:5672/vhost``, or ``amqps://…``. The service takes batch requests from it
    and publishes events to it; ``tlray consume`` and ``tlray publish`` use it where they name none (``TLRAY_AMQP``)."""

    smtp_url: SecretStr | None = None
    """The server for notifications by e-mail: ``smtp://user:password@mail.example.org:587`` (STARTTLS if it is offered) or
    ``smtps://…:465``; without one nobody may ask for e-mail (``TLRAY_SMTP_URL``)."""
    smtp_from: str | None = None
    """The sender of these notifications; by default the contact, if that is an address (``TLRAY_SMTP_FROM``)."""

    log_format: Literal["text", "json"] = "text"
    """The form of the log of coordinator, tasks and replicas: ``text`` (``event key=value``), or ``json``: one object a line.
    Where it is set, commands write their warnings so, too (``TLRAY_LOG_FORMAT``)."""
    log_level: Literal["debug", "info", "warning"] = "info"
    """What is logged from: ``debug`` has each item, ``info`` batches, tasks and domains, ``warning`` what somebody should look at
    (``TLRAY_LOG_LEVEL``)."""

    redis: SecretStr | None = None
    """A Redis for live progress that other processes read, and for what the service's replicas share:
    ``redis://user:password@host:6379/0``, or ``rediss://…`` with TLS (``?ssl_ca_certs=FILE`` for a CA of one's own). The process
    that starts the coordinator decides where it writes (``TLRAY_REDIS``)."""

    @field_validator("contact")
    @classmethod
    def _is_contact(cls, value: str | None) -> str | None:
        if value is not None and (not value.isprintable() or not any(mark in value for mark in ("@", "://"))):
            raise ValueError("give an e-mail address or a web page, such as you@example.org")
        return value

    @field_validator("allow_private_hosts", "trusted_proxies")
    @classmethod
    def _are_networks(cls, value: str) -> str:
        for cidr in _words(value):
            try:
                ip_network(cidr, strict=False)
            except ValueError:
                raise ValueError(
                    f"{cidr!r} is no network; write CIDRs, such as 10.0.0.0/8,fd00::/8"
                ) from None
        return value

    @property
    def networks(self) -> tuple[str, ...]:
        """The private networks that the service fetches from."""
        return _words(self.allow_private_hosts)

    @property
    def proxies(self) -> tuple[str, ...]:
        """The networks of the reverse proxies that are believed."""
        return _words(self.trusted_proxies)

    @property
    def hosts(self) -> frozenset[str]:
        """The names under which the service is asked besides loopback."""
        return frozenset(name.lower().strip("[]") for name in _words(self.allowed_hosts))

    @property
    def mail_sender(self) -> str | None:
        """The sender of notifications by e-mail; None without one."""
        is_address = self.contact is not None and "@" in self.contact and "://" not in self.contact
        return self.smtp_from or (self.contact if is_address else None)

    @model_validator(mode="after")
    def _can_journal(self) -> Self:
        url = self.journal.get_secret_value() if self.journal is not None else "postgresql://"
        if not url.startswith(("postgresql://", "postgres://")):  # its own validator would show the password
            raise ValueError("TLRAY_JOURNAL: write postgresql://user:password@host:port/database")
        return self

    @model_validator(mode="after")
    def _can_send(self) -> Self:
        if self.smtp_url is not None:
            if not _is_smtp(
                self.smtp_url.get_secret_value()
            ):  # a validator of its own would show the password
                raise ValueError("TLRAY_SMTP_URL: write smtp://host:port or smtps://user:password@host:port")
            if self.mail_sender is None:
                raise ValueError("TLRAY_SMTP_URL needs TLRAY_SMTP_FROM, the address that mail comes from")
        return self

    @model_validator(mode="after")
    def _has_redis_url(self) -> Self:
        if self.redis is not None and (reason := _wrong_redis(self.redis.get_secret_value().strip())):
            raise ValueError(
                f"TLRAY_REDIS {reason}; write redis://user:password@host:6379/0, or rediss://… for TLS"
            )
        return self

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.max_workers is not None and self.min_workers > self.max_workers:
            raise ValueError(
                f"TLRAY_MIN_WORKERS ({self.min_workers}) must not exceed TLRAY_MAX_WORKERS ({self.max_workers})"
            )
        return self

    @field_validator("home", "domains_file")
    @classmethod
    def _absolute(cls, value: Path | None) -> Path | None:
        if value is None:
            return None
        try:
            return value.expanduser().absolute()
        except (
            RuntimeError
        ):  # a user without a name and without HOME has the home folder /, as containers set it
            return Path("/", *value.parts[1:])

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read what is given and the environment, no files: to look for none takes as long as the environment."""
        return init_settings, env_settings


def _is_smtp(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("smtp", "smtps") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _wrong_redis(url: str) -> str | None:
    """Return what is wrong with a URL of Redis, without any of its text; None if nothing is."""
    try:
        parts = urlsplit(url)
        port, query = (
            parts.port,
            parse_qs(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query)),
        )
    except ValueError:
        return "is no URL"
    options = set(_REDIS_OPTIONS if parts.scheme == "rediss" else ())
    faults = {
        "has no redis:// or rediss:// in front": parts.scheme not in ("redis", "rediss"),
        "names no host": not parts.hostname,
        "has characters that are to be written as %XX": not url.isprintable() or " " in url or parts.fragment,
        "has port 0": port == 0,
        "has a path that is no number of a database": not re.fullmatch("[0-9]{0,5}", parts.path.strip("/")),
        f"takes nothing after ? but {', '.join(_REDIS_OPTIONS)}, with rediss://": query.keys() - options,
    }
    return next((fault for fault, is_so in faults.items() if is_so), None)


_REDIS_OPTIONS = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile")


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


def read_settings(**given: object) -> Settings:
    """Read the environment under what was given (None: not given); UsageError says what is wrong where."""
    try:
        return Settings(**{key: value for key, value in given.items() if value is not None})  # type: ignore[arg-type]
    except ValidationError as error:
        first = error.errors()[0]
        if not first["loc"]:  # two settings that do not go together
            raise UsageError(first["msg"].removeprefix("Value error, ")) from None
        name = ".".join(str(part) for part in first["loc"])
        raise UsageError(
            f"setting {name} (TLRAY_{name.upper()}): {first['msg']}, got {first['input']!r}"
        ) from None
