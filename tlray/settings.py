"""What may be set from outside, by ``TLRAY_…`` variables; read once, at the edge.

Options of a command or of `tlray.scrape` go before the environment.
"""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from tlray.errors import UsageError


class Settings(BaseSettings):
    """Everything that an environment may say."""

    model_config = SettingsConfigDict(
        env_prefix="TLRAY_", use_attribute_docstrings=True, extra="ignore", env_ignore_empty=True
    )

    home: Path = Path("~/.tlray")
    """Where the journal, the results, the archive and the exports lie (``TLRAY_HOME``)."""
    contact: str | None = None
    """An e-mail address or web page that a site's owner can write to; part of the User-Agent, and required
    for public hosts (``TLRAY_CONTACT``)."""
    min_workers: int = Field(default=1, ge=1, le=64)
    """Scrape tasks at the least, as long as there is something for each to do (``TLRAY_MIN_WORKERS``)."""
    max_workers: int | None = Field(default=None, ge=1, le=64)
    """Scrape tasks at once; by default the machine's cores, on a cluster 10 (``TLRAY_MAX_WORKERS``)."""
    max_open_items: int = Field(default=5_000_000, ge=1)
    """Items that may be taken in and not finished at once, of all batches (``TLRAY_MAX_OPEN_ITEMS``)."""
    max_open_items_per_user: int = Field(default=2_000_000, ge=1)
    """Those of one user; on a command line all are one's (``TLRAY_MAX_OPEN_ITEMS_PER_USER``)."""
    limiter_actors: int | None = Field(default=None, ge=1, le=16)
    """Limiter actors at most, each a process of some 70 MB; by default 1 on a single machine, on a cluster 4
    (``TLRAY_LIMITER_ACTORS``)."""
    fetch_timeout_s: float = Field(default=60.0, gt=0, le=600)
    """The longest that one page may take, in seconds (``TLRAY_FETCH_TIMEOUT_S``)."""
    lease_s: float = Field(default=30.0, ge=3, le=600)
    """A scrape task that is not heard of for so long, in seconds, is stopped by force, and what it was reading is suspected;
    it says every sixth of that, and at least every 5 s, that it lives (``TLRAY_LEASE_S``)."""
    domains_file: Path | None = None
    """A TOML file with the manners of single domains; by default ``domains.toml`` in the home, where there is one
    (``TLRAY_DOMAINS_FILE``)."""
    block_cool_down_s: float | None = Field(default=None, gt=0)
    """How long a domain rests after a block page, in seconds; by default half an hour
    (``TLRAY_BLOCK_COOL_DOWN_S``)."""

    @field_validator("contact")
    @classmethod
    def _is_contact(cls, value: str | None) -> str | None:
        if value is not None and (not value.isprintable() or not any(mark in value for mark in ("@", "://"))):
            raise ValueError("give an e-mail address or a web page, such as you@example.org")
        return value

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
        return None if value is None else value.expanduser().absolute()


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


def user_agent(version: str, contact: str | None) -> str:
    """Return the honest User-Agent: product, version, and whom to write to."""
    return f"tlray/{version} (+{contact})" if contact else f"tlray/{version}"
