"""What schemathesis is told of media types that it does not know."""

from __future__ import annotations

import json
from typing import Any

import schemathesis


@schemathesis.serializer("application/x-ndjson")
def as_lines(ctx: schemathesis.SerializationContext, value: Any) -> bytes:
    """A body of lines is a string in our document."""
    return value.encode("utf-8", "replace") if isinstance(value, str) else json.dumps(value).encode()
