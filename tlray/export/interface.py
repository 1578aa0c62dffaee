"""The interface of an export format. docs/extending.md builds one from nothing.

A format offers one or both of two functions, and both are lazy, so that a million sets pass through in constant memory:

``per_set``   one set → its files (`SetFile`), or why it has none (`LeftOut`)
``together``  all sets → the bytes of one file

A format that writes several files at once by itself has ``into_folder`` too. A package offers its format, a `Format`, under the
entry-point group ``tlray.exports``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from tlray.errors import UsageError
from tlray.model import Tracklist


@dataclass(frozen=True, slots=True)
class SetFile:
    """One file of one set, without a name yet."""

    chunks: Iterable[bytes]
    label: str = ""
    """What tells it from the set's other files: ``recording 2``, ``part 1 of 2``; "" for an only one."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A set, or one recording of it, of which a format writes nothing."""

    title: str
    source_id: str | None
    reason: str
    """A few words: ``no row has a cue``."""


@dataclass(frozen=True, slots=True)
class ExportFile:
    """One file with its name, which is safe on every system and used once in an export."""

    name: str
    chunks: Iterable[bytes | LeftOut]


PerSet = Callable[[Tracklist, Any], Iterator[SetFile | LeftOut]]
Together = Callable[[Iterable[Tracklist], Any], Iterator[bytes | LeftOut]]
"""Yields the file in chunks, and between them what is left out of it."""
IntoFolder = Callable[[Iterable[Tracklist], Path, Any], Iterable[Path]]
"""Writes files into a folder that exists; returns their paths."""


@dataclass(frozen=True, slots=True)
class NoOptions:
    """The options of a format that has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One way to write sets. Each function gets the format's options as its last argument."""

    name: str
    suffix: str
    """With its dot: ``.cue``."""
    media_type: str
    about: str
    """What it is, in one line."""
    options: Any = NoOptions()
    """Its default options: an instance of a frozen dataclass. Each field has ``metadata={"about": …}``; one that takes a list,
    in text separated by commas, is a tuple."""
    is_text: bool = True
    """False for a format that no terminal can show."""
    stem: str = "tracklists"
    """The name, without suffix, of the one file that holds all sets."""
    per_set: PerSet | None = None
    together: Together | None = None
    into_folder: IntoFolder | None = None

    def __post_init__(self) -> None:
        if self.per_set is None and self.together is None:
            raise ValueError(f"format {self.name} has neither per_set nor together")
        if "format" in self.option_names:  # the query of the HTTP export has it
            raise ValueError(f"format {self.name}: an option cannot be called 'format'")
        if not re.fullmatch("[a-z0-9][a-z0-9_-]*", self.name) or not re.fullmatch(r"(\.\w+)+", self.suffix):
            raise ValueError(f"format {self.name!r}: a name is of a-z, 0-9, - and _, a suffix such as .cue")

    @property
    def fits_one_file(self) -> bool:
        """True if one file can hold any number of sets."""
        return self.together is not None

    @property
    def download_suffix(self) -> str:
        """The suffix of the one file that a service makes: of a format with a file a set, a ZIP archive."""
        return self.suffix if self.fits_one_file else ".zip"

    def fits_name(self, path: str) -> bool:
        """True if a file of this name can be of the format: it has its suffix, or the last part of that (``.xml``)."""
        return path.lower().endswith(self.suffix[self.suffix.rindex(".") :])

    @property
    def option_names(self) -> tuple[str, ...]:
        """The names of its options."""
        return tuple(f.name for f in fields(self.options))

    def chosen(self, values: Mapping[str, Any]) -> Any:
        """Return its options with some set by a user, text or typed; `UsageError` for what it does not take."""
        if unknown := sorted(values.keys() - set(self.option_names)):
            known = ", ".join(self.option_names) or "none"
            raise UsageError(f"{self.name} has no option {unknown[0]!r}; its options: {known}")
        if not values:
            return self.options
        from pydantic import TypeAdapter, ValidationError  # noqa: PLC0415 - not every export has options

        all_values = {name: getattr(self.options, name) for name in self.option_names}
        for name, value in values.items():
            is_list = isinstance(all_values[name], tuple) and isinstance(value, str)
            all_values[name] = value.split(",") if is_list else value
        try:
            return TypeAdapter(type(self.options)).validate_python(all_values)
        except ValidationError as error:
            wrong = error.errors()[0]
            where = ".".join(str(part) for part in wrong["loc"])
            raise UsageError(f"{self.name}: option {where}={wrong['input']!r}: {wrong['msg']}") from None
