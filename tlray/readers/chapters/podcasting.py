"""Chapters in JSON: of Podcasting 2.0 (``startTime`` in seconds), of Podlove (``start`` as Normal Play Time), of players."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from tlray.readers.chapters.marks import Chapter, seconds
from tlray.sites.json_text import number, string


class Episode(NamedTuple):
    """The statements of a file of chapters about its recording."""

    chapters: list[Chapter]
    title: str = ""
    author: str = ""
    show: str = ""
    url: str = ""
    published: str = ""
    duration_s: float | None = None
    media_url: str = ""


def episode_of(value: Any) -> Episode | None:
    """Return the chapters in a JSON value; None where it holds none."""
    if isinstance(value, list):
        return Episode(chapters_of(value)) if _are_chapters(value) else None
    if not isinstance(value, Mapping) or not _are_chapters(value.get("chapters")):
        return None
    show, audio = value.get("show"), value.get("audio")
    first = audio[0] if isinstance(audio, list) and audio and isinstance(audio[0], Mapping) else {}
    duration = value.get("duration")
    return Episode(
        chapters=chapters_of(value["chapters"]),
        title=string(value.get("title")),
        author=string(value.get("author")),
        show=string(value.get("podcastName"))
        or (string(show.get("title")) if isinstance(show, Mapping) else ""),
        url=string(value.get("link")),
        published=string(value.get("publicationDate")),
        duration_s=seconds(duration) if isinstance(duration, str) else number(duration),
        media_url=string(value.get("fileName")) or string(first.get("url")),
    )


def chapters_of(values: Sequence[Any]) -> list[Chapter]:
    """Return the chapters that a listener sees (``toc`` is not false)."""
    found = []
    for value in values:
        if not isinstance(value, Mapping) or value.get("toc") is False:
            continue
        start = _start(value)
        said = start if isinstance(start, str) else ("" if start is None else f"{start}")
        start_s = seconds(start) if isinstance(start, str) else number(start)
        found.append(
            Chapter(
                string(value.get("title")),
                start_s,
                string(said),
                _link(value.get("url") or value.get("href")),
                _link(value.get("img") or value.get("image")),
            )
        )
    return found


def _are_chapters(value: Any) -> bool:
    """True if a value is a list of chapters: objects with a start."""
    return (
        isinstance(value, list)
        and any(isinstance(one, Mapping) and _start(one) is not None for one in value)
        and all(isinstance(one, Mapping) for one in value)
    )


def _start(value: Mapping[str, Any]) -> Any:
    return next(
        (value[name] for name in ("startTime", "start", "start_time") if value.get(name) is not None), None
    )


def _link(value: Any) -> str | None:
    found = string(value)
    return found if found.startswith(("http://", "https://")) else None
