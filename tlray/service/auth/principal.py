"""The caller of a request: a user and their scopes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from tlray.core.access.tokens import SCOPES


@dataclass(frozen=True, slots=True)
class Principal:
    """An authenticated caller."""

    user: str
    """The owner of their batches; "" for the local user of a service without tokens."""
    scopes: frozenset[str]
    token: str = field(default="", repr=False)
    """The digest of their token; "" for the local user."""

    @property
    def is_admin(self) -> bool:
        """True if they may see every batch and set every option."""
        return "admin" in self.scopes

    @property
    def sees(self) -> str | None:
        """The owner whose batches they may see; None: all owners."""
        return None if self.is_admin else self.user


OPEN: Final = Principal("", frozenset(SCOPES))
"""The local user of a service without tokens."""
