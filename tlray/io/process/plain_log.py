"""tlray's log records in plain text: no character of a site or of a request drives the terminal that shows a log."""

from __future__ import annotations

import logging
import traceback
from typing import Any

from tlray.core.model.printable import plain


class PlainRecord(logging.LogRecord):
    """A record whose words and traceback are plain."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.exc_info and self.exc_info[0] is not None:
            self.exc_text = plain("".join(traceback.format_exception(*self.exc_info)).rstrip("\n"))

    def getMessage(self) -> str:  # noqa: N802 - the name that `logging` calls
        """Return the message, plain and on one line."""
        return plain(super().getMessage().replace("\n", "\\n"))


def keep_logs_plain() -> None:
    """Make `PlainRecord` the kind of record of tlray's own loggers; those of others stay as they are. Again it does nothing."""
    before = logging.getLogRecordFactory()
    if getattr(before, "is_tlray", False):
        return

    def record(name: str, *args: Any, **kwargs: Any) -> logging.LogRecord:
        is_ours = name.partition(".")[0] == "tlray"
        return PlainRecord(name, *args, **kwargs) if is_ours else before(name, *args, **kwargs)

    record.is_tlray = True  # type: ignore[attr-defined]
    logging.setLogRecordFactory(record)
