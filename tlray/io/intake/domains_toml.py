"""``domains.toml``: politeness and retry options of single domains, for every batch that is submitted.

It is read when a batch is submitted and kept with it, so a resumed batch keeps its manners. Its tables are those of
`tlray.core.politeness.requested_policy`.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

from tlray.core.politeness.requested_policy import RequestedPolicy, read_tables
from tlray.errors import BadOption, UsageError
from tlray.io.intake.list_text import as_utf8

NAME = "domains.toml"


def read_domains_file(path: Path | None, home: Path) -> RequestedPolicy:
    """Read the named file, or the home's own if it has one; UsageError says what is wrong where."""
    where = path or home / NAME
    try:
        text = as_utf8(where.read_bytes()).decode().replace("\r\n", "\n").replace("\r", "\n")
    except (FileNotFoundError, NotADirectoryError):
        if path is None:
            return RequestedPolicy()
        raise UsageError(
            f"no file {str(where)!r} here; --domains-file and TLRAY_DOMAINS_FILE name a TOML file"
        ) from None
    except UnicodeDecodeError as error:
        raise UsageError(f"{where} is not UTF-8 text: {error.reason} at byte {error.start}") from None
    except OSError as error:
        raise UsageError(f"{where} cannot be read: {error.strerror or error}") from None
    try:
        data = tomllib.loads(text)
    except (
        ValueError,
        RecursionError,
    ) as error:  # a number of thousands of digits is an error of Python's own
        raise UsageError(f"{where} is no TOML: {error}") from None
    try:
        return read_tables(data, of=str(where))
    except BadOption as error:  # the file's, not one that came with a batch
        raise UsageError(str(error)) from None
