"""Matroska's chapters as XML, as mkvextract writes them: atoms in editions, of which players show the first."""

from __future__ import annotations

from tlray.readers.chapters.marks import Chapter, seconds
from tlray.readers.xml_tree import Element, children, local, text_of

ROOT = "Chapters"
_ATOM = "ChapterAtom"


def matroska_chapters(root: Element) -> list[Chapter]:
    """Return the chapters of the first edition; of chapters within chapters the innermost."""
    for edition in children(root, "EditionEntry"):
        atoms = [
            one for one in edition.iter("{*}" + _ATOM) if not any(local(child) == _ATOM for child in one)
        ]
        found = [_chapter(atom) for atom in atoms if _said(atom, "ChapterFlagHidden") != "1"]
        if found:
            return found
    return []


def _chapter(atom: Element) -> Chapter:
    start = _said(atom, "ChapterTimeStart")
    titles = [_said(display, "ChapterString") for display in children(atom, "ChapterDisplay")]
    return Chapter(next(filter(None, titles), ""), seconds(start), start)


def _said(element: Element, name: str) -> str:
    found = next(children(element, name), None)
    return "" if found is None else text_of(found).strip()
