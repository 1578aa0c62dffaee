"""Bearer tokens and their scopes.

A token reads ``tlray_<name>_<secret>``: the name (6 hexadecimal digits) may be shown and identifies the token; the secret is
256 random bits. Only a SHA-256 of the whole is stored: a random secret cannot be guessed, as a password can.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

SCOPES: Final = ("read", "submit", "admin")
"""Each includes those before it: ``submit`` may also read, ``admin`` may do all."""
NAME_BYTES, SECRET_BYTES = 3, 32
MAX_USER_CHARS = 64
_TOKEN = re.compile(r"tlray_([0-9a-f]{6})_[A-Za-z0-9_-]{43}")
_USER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]*")


@dataclass(frozen=True, slots=True)
class NewToken:
    """A new token; ``text`` is shown once and never stored."""

    name: str
    text: str

    @property
    def digest(self) -> str:
        """The digest that is stored."""
        return digest_of(self.text)


def spell(name: bytes, secret: bytes) -> NewToken:
    """Make a token of random bytes: `NAME_BYTES` and `SECRET_BYTES` of them."""
    if (len(name), len(secret)) != (NAME_BYTES, SECRET_BYTES):
        raise ValueError(f"a token is made of {NAME_BYTES} and {SECRET_BYTES} random bytes")
    word = urlsafe_b64encode(secret).decode().rstrip("=")
    return NewToken(name.hex(), f"tlray_{name.hex()}_{word}")


def is_token(text: str) -> bool:
    """True if ``text`` has the shape of a token; nothing else is looked up."""
    return _TOKEN.fullmatch(text) is not None


def digest_of(text: str) -> str:
    """Return the digest of a token or a ticket that is stored."""
    return sha256(text.encode()).hexdigest()


def scopes_with(named: Iterable[str]) -> frozenset[str]:
    """Return some scopes and those that they include; ValueError names one that does not exist."""
    held: set[str] = set()
    for scope in named:
        if scope not in SCOPES:
            raise ValueError(f"scope {scope!r}: choose {', '.join(SCOPES[:-1])} or {SCOPES[-1]}")
        held.update(SCOPES[: SCOPES.index(scope) + 1])
    return frozenset(held)


def user_named(text: str) -> str:
    """Return a user's name; ValueError says what is wrong with it."""
    name = text.strip()
    if len(name) > MAX_USER_CHARS or not _USER.fullmatch(name):
        raise ValueError(
            f"user {text[:80]!r}: give 1 to {MAX_USER_CHARS} letters, digits and . _ @ + -, a letter or digit first"
        )
    return name
