"""tlray's log: one line an event, with the event's name and its fields, as text or as JSON.

Every call of a logger of ours is ``logger.info("domain rests domain=%s rest_s=%.0f", name, rest_s)``: a name, then fields. The
fields are taken from the arguments, so that no value can make up another one; a message without fields is an event as it is.
Control characters, line breaks and marks of the direction of writing are escaped or replaced; passwords and tokens are masked.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal, TextIO

from tlray.core.model.printable import in_json, plain

MAX_VALUE_CHARS: Final = 1_000
MAX_TRACE_CHARS: Final = 8_000
_PLACEHOLDER: Final = re.compile(r"%(?:\.\d+)?[a-z]")
_FIELD: Final = re.compile(rf" (\w+)=({_PLACEHOLDER.pattern})")
_BARE: Final = re.compile(r"[^\s\"'=\\]+")
_SECRETS: Final = (
    (re.compile(r"(\b\w+://)[^\s/]*@"), r"\1***@"),
    (
        re.compile(
            r"(?i)([?&\s](?:password|passwd|token|ticket|secret|api[-_]?key|x-amz-signature)=)[^\s&\"']+"
        ),
        r"\1***",
    ),
    (re.compile(r"(tlray_[0-9a-f]{6}_)[A-Za-z0-9_-]{20,}"), r"\1***"),
    (re.compile(r"(whsec_)[A-Za-z0-9+/=_-]{8,}"), r"\1***"),
    (re.compile(r"(?i)(\b(?:bearer|basic) )[A-Za-z0-9+/=._~-]{8,}"), r"\1***"),
)
"""A net below the rule that nobody logs a secret: passwords of URLs and in their queries, our tokens, secrets of webhooks."""


@dataclass(frozen=True, slots=True)
class LogConfig:
    """The form of a process's log."""

    form: Literal["text", "json"] = "text"
    level: Literal["debug", "info", "warning"] = "info"


def write_log(config: LogConfig) -> None:
    """Write what tlray logs to this process's stderr from now on. For processes of our own; again, it replaces the form."""
    logger = logging.getLogger("tlray")
    handler = _ToStderr()
    handler.setFormatter(EventFormatter(config.form))
    logger.handlers = [one for one in logger.handlers if not isinstance(one, _ToStderr)]
    logger.addHandler(handler)
    logger.setLevel(config.level.upper())
    logger.propagate = False


class _ToStderr(logging.StreamHandler[TextIO]):
    """A handler for the stream that stderr is at that moment: a command puts another one in its place."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:
        return sys.stderr

    @stream.setter
    def stream(self, value: TextIO) -> None:
        raise AttributeError("it is stderr")


class EventFormatter(logging.Formatter):
    """Makes one line of a record."""

    def __init__(self, form: Literal["text", "json"]) -> None:
        super().__init__()
        self._is_json = form == "json"

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        event, fields = event_of(record)
        at = (
            datetime.fromtimestamp(record.created, UTC)
            .isoformat(timespec="milliseconds")
            .replace("+00:00", "Z")
        )
        level = record.levelname.lower()
        if record.exc_info and record.exc_info[0] is not None:
            fields["trace"] = _shown(self.formatException(record.exc_info), MAX_TRACE_CHARS)
        if self._is_json:
            head = {"at": at, "level": level, "event": event, "from": record.name}
            return in_json(
                json.dumps(head | {k: v for k, v in fields.items() if k not in head}, ensure_ascii=False)
            )
        words = [f"{name}={_quoted(value)}" for name, value in fields.items()]
        return " ".join([at, level, _one_line(event), *words])


def event_of(record: logging.LogRecord) -> tuple[str, dict[str, Any]]:
    """Return the name of a record's event, and its fields; a message of another shape is an event without fields."""
    template, args = str(record.msg), record.args
    names = _FIELD.findall(template)
    values = args if isinstance(args, tuple) else () if args is None or isinstance(args, Mapping) else (args,)
    if not names or len(names) != len(values) or len(_PLACEHOLDER.findall(template)) != len(names):
        return _shown(record.getMessage(), MAX_VALUE_CHARS), {}
    fields = {name: _value(form, value) for (name, form), value in zip(names, values, strict=True)}
    return _FIELD.sub("", template).strip(), fields


def _value(form: str, value: object) -> object:
    """Return a value as it is shown: a number as the message rounds it, anything else as masked text."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, (int, float)):
        number = float(form % value) if form.endswith("f") else value
        return number if abs(number) < float("inf") else str(number)
    return _shown(str(value), MAX_VALUE_CHARS)


def _shown(text: str, max_chars: int) -> str:
    for pattern, mask in _SECRETS:
        text = pattern.sub(mask, text)
    text = text.encode("utf-8", "replace").decode()  # lone surrogates
    return text if len(text) <= max_chars else f"{text[:max_chars]}…"


def _quoted(value: object) -> str:
    if isinstance(value, bool) or value is None:
        return json.dumps(value)
    text = _one_line(str(value))
    return text if _BARE.fullmatch(text) else json.dumps(text, ensure_ascii=False)


def _one_line(text: str) -> str:
    """Return a text without line breaks (they become spaces or `` | ``) and without what drives a terminal."""
    return plain(" | ".join(line.strip() for line in text.splitlines() if line.strip()))
