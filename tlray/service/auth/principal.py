"""Who asks? Whoever a token or a place has shown to be somebody: a name, and what they may do."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from tlray.core.access.tokens import SCOPES


@dataclass(frozen=True, slots=True)
class Principal:
    """Whoever sent a request."""

    user: str
    """Whose batches theirs are; "" where nobody is asked, as on a command line."""
    scopes: frozenset[str]
    token: str = field(default="", repr=False)
    """The hash of the token that they have shown; "" where nobody is asked."""

    @property
    def is_admin(self) -> bool:
        """Whether everybody's batches are theirs to see, and everybody's manners theirs to set."""
        return "admin" in self.scopes

    @property
    def sees(self) -> str | None:
        """The owner whose batches they see; None: everybody's."""
        return None if self.is_admin else self.user


OPEN: Final = Principal("", frozenset(SCOPES))
"""Whoever reaches a service that asks nobody."""
