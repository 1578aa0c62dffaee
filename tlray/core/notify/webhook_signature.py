"""Signatures of webhooks (Standard Webhooks 1.0.0, symmetric: HMAC-SHA256 over ``id.timestamp.body``).

A secret is ``whsec_`` and base64 of 24 to 64 bytes, known to the receiver and this home. While a secret is being changed, both
sign. Source: standardwebhooks.com.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

from standardwebhooks import Webhook

PREFIX: Final = "whsec_"


def secret_text(random_bytes: bytes) -> str:
    """Return a secret in the form that users get."""
    return PREFIX + base64.b64encode(random_bytes).decode("ascii")


def headers(notice_id: str, body: bytes, secrets: Iterable[str], *, now: float) -> dict[str, str]:
    """Return the headers that sign a body; ``now`` is in seconds since the epoch."""
    moment = datetime.fromtimestamp(int(now), UTC)
    return {
        "webhook-id": notice_id,
        "webhook-timestamp": str(int(now)),
        "webhook-signature": " ".join(
            Webhook(secret).sign(notice_id, moment, body.decode()) for secret in secrets
        ),
    }
