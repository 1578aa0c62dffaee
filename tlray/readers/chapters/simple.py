"""Podlove Simple Chapters: ``psc:chapter start title href image``, in a file of their own or in a feed."""

from __future__ import annotations

from tlray.readers.chapters.marks import Chapter, seconds
from tlray.readers.xml_tree import Element, children, text_of


def chapters_in(element: Element) -> list[Chapter]:
    """Return the chapters in a ``chapters`` element, in whatever namespace."""
    found = []
    for chapter in children(element, "chapter"):
        said = {name.rpartition("}")[2].rpartition(":")[2]: value for name, value in chapter.attrib.items()}
        start = said.get("start") or said.get("startTime") or ""
        title = said.get("title") or text_of(chapter)
        href, image = (said.get(name) or None for name in ("href", "image"))
        found.append(Chapter(title.strip(), seconds(start), start.strip(), href, image))
    return found


def first_chapters(element: Element) -> list[Chapter]:
    """Return the chapters of the first ``chapters`` element in a feed's item that has any; further ones are ignored."""
    return next((found for one in children(element, "chapters") if (found := chapters_in(one))), [])
