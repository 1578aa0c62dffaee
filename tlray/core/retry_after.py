"""How long does a ``Retry-After`` header ask us to wait?

RFC 9110 §10.2.3 allows whole seconds or an HTTP date, in three spellings. Sites send worse: a date
without a zone (read as UTC), fractions of a second (kept), words (no answer). A large value is
returned as it stands; the caller decides how long is too long.
"""

from __future__ import annotations

import re
import sys
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_SECONDS = re.compile(r"[0-9]+(?:\.[0-9]*)?", re.ASCII)


def retry_after_s(value: str | None, *, now: float) -> float | None:
    """Return the seconds from ``now`` (wall clock, since the epoch); 0 for the past, None for garbage."""
    text = (value or "").strip()
    if _SECONDS.fullmatch(text):
        return min(float(text), sys.float_info.max)
    moment = _http_date(text)
    return None if moment is None else max(0.0, moment.timestamp() - now)


def _http_date(text: str) -> datetime | None:
    """Read an HTTP date; None where it is none."""
    if ":" not in text:  # every HTTP date holds a time of day; the mail parser would accept less
        return None
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
