"""How does a receiver know that a webhook is ours? By its signature (Standard Webhooks 1.0.0, symmetric).

``v1,`` and the base64 of HMAC-SHA256 over ``id.timestamp.body``, under a secret that only the receiver and this home know:
``whsec_`` and base64 of 24 to 64 bytes. While a secret is being changed, both sign. Source: standardwebhooks.com.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable
from typing import Final

PREFIX: Final = "whsec_"


def secret_text(random_bytes: bytes) -> str:
    """Return a secret as it is told to people."""
    return PREFIX + base64.b64encode(random_bytes).decode("ascii")


def headers(notice_id: str, body: bytes, secrets: Iterable[str], *, now: float) -> dict[str, str]:
    """Return the headers that sign a body; ``now`` is in seconds since the epoch."""
    stamp = str(int(now))
    signed = b".".join((notice_id.encode(), stamp.encode(), body))
    return {
        "webhook-id": notice_id,
        "webhook-timestamp": stamp,
        "webhook-signature": " ".join(_signature(secret, signed) for secret in secrets),
    }


def _signature(secret: str, signed: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(PREFIX))
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode("ascii")
