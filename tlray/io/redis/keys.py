"""The names of keys and channels. docs/redis.md documents them: other programs rely on them."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

LOCAL_USER = "_local"
"""Stands for the user of a command line and of a service without tokens; no user's name begins with ``_``."""


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of one home, by its id."""

    home_id: str

    def batch(self, owner: str, batch_id: str) -> str:
        """Return the hash of a batch's newest snapshot; also the name of its channel."""
        return f"tlray:{self.home_id}:user:{owner or LOCAL_USER}:{batch_id}"

    def changes(self, owner: str, batch_id: str) -> str:
        """Return the stream of a batch's changed items."""
        return f"{self.batch(owner, batch_id)}:changes"

    def owner(self, batch_id: str) -> str:
        """Return the string with the owner of a batch."""
        return f"tlray:{self.home_id}:owner:{batch_id}"

    def rate(self, kind: str, who: str) -> str:
        """Return the string with a caller's request rate; the caller's name or address is hashed."""
        return f"tlray:{self.home_id}:rate:{kind}:{_digest(who)}"

    @property
    def probe(self) -> str:
        """The stream that is written to find out whether writing works."""
        return f"tlray:{self.home_id}:probe"


def submission(owner: str, key: str) -> str:
    """Return the string with the batch of an ``Idempotency-Key``, for all homes."""
    digest = _digest(f"{owner}\n{key}")
    return f"tlray:submission:{digest}"


def _digest(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
