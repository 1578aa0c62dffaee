"""One row of the page, field by field, uninterpreted.

A row (``.tlpItem``) is walked once, and heavy parts that say nothing of the track are not entered: faster
than a selector per field, and it does not depend on how the parts are nested. Newer rows are ``div``, those
before May 2021 ``tr``; both have schema.org metas, a hidden ``input`` with the cue, parts known by class::

    div.tlpItem.tlpTog[.con][.subPosTog]        w/ rows have .con, mashup parts .tlpSubTog, mashups .subPosTog
      img.artM
      div.bPlay    input#tlp<id>_cue_seconds  span#tlp<n>_tracknumber_value  i#tlp_play_<id>  div.cue
      div.bCont    meta[itemprop]..  span.trackValue  span.trackStatus  span.trackEditData  span.trackLabel..
      div.mediaRow[data-trackid]
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

from selectolax.lexbor import LexborNode

from tlray.model import TrackKind
from tlray.sites.tracklists1001.wording import clean, visible


@dataclass(slots=True)
class Row:
    """A row's fields as the page has them; what they mean is decided in `names.py` and `cues.py`."""

    kind: TrackKind = TrackKind.MAIN
    is_mashup: bool = False
    is_old: bool = False
    """A table row from before May 2021, whose meta name holds the title only."""
    section: str | None = None
    player: int | None = None
    """The n of the heading ``Player n`` that the row stands under."""
    number: str = ""
    data: dict[str, str | None] = field(default_factory=dict)
    """The row's own attributes: ``data-trackid``, ``data-isided``, ``data-isid``."""
    metas: dict[str, str] = field(default_factory=dict)
    genres: list[str] = field(default_factory=list)
    qualifiers: list[str] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    shown: LexborNode | None = None
    """The element with the visible name."""
    cue_text: str | None = None
    """Text of ``.cue``; None where the row has no such element, "" where it is empty."""
    cue_seconds: str = ""
    play: LexborNode | None = None
    artwork: str = ""
    media_id: str | None = None

    def shown_name(self) -> str:
        """The name as a visitor reads it; "" where there is none."""
        return visible(self.shown.text()) if self.shown is not None else ""


_LEAVES = frozenset({"a", "script", "style", "button", "svg", "select", "textarea"})
_WANTED_METAS = frozenset({"name", "byArtist", "url", "duration"})
_ENTER, _SKIP, _NAME, _LABEL, _QUALIFIER, _CUE, _MEDIA = range(7)
_ROLES = {
    **dict.fromkeys(("trackValue", "trackFormat"), _NAME),
    **dict.fromkeys(("trackStatus", "trackEditData"), _QUALIFIER),
    **dict.fromkeys(("cue", "cueValueField"), _CUE),
    **dict.fromkeys(("wRow", "bBtns", "mBtn", "tgHid", "tlpItem", "bItmH", "sugTog"), _SKIP),
    "trackLabel": _LABEL,
    "mediaRow": _MEDIA,
}


def is_element(tag: str | None) -> bool:
    """True if a node's tag is an element's; that of a comment is ``-comment`` or None."""
    return tag is not None and not tag.startswith("-")


def read_row(node: LexborNode) -> Row:
    """Read every field of one ``.tlpItem``."""
    data = node.attributes
    classes = (data.get("class") or "").split()
    row = Row(data=data, is_mashup="subPosTog" in classes or "data-mashup" in data, is_old=node.tag == "tr")
    _walk(node, row)
    if "tlpSubTog" in classes or data.get("data-mashpos") == "true":
        row.kind = TrackKind.MASHUP_PART
    elif "con" in classes or row.number == "w/":
        row.kind = TrackKind.WITH
    return row


def _walk(node: LexborNode, row: Row) -> None:  # noqa: PLR0912 - a branch a kind of element
    """Go through the row in the page's order; what is not needed of its hundred elements is not touched."""
    waiting = list(node.iter())
    waiting.reverse()
    while waiting:
        child = waiting.pop()
        tag = child.tag
        if tag == "div" or tag == "span":  # noqa: PLR1714 - most are; this is the innermost loop of all
            attributes = child.attrs
            role = _role_of(attributes.get("class"))
            if role != _ENTER:
                _take(role, child, row)
            elif tag == "span" and (attributes.get("id") or "").endswith("_tracknumber_value"):
                row.number = clean(child.text())
            else:
                inner = list(child.iter())
                inner.reverse()
                waiting += inner
        elif tag == "meta":
            _take_meta(child, row)
        elif tag == "input":
            if "cue_seconds" in (child.id or ""):
                row.cue_seconds = child.attrs.get("value") or ""
        elif tag == "i":
            if (child.id or "").startswith("tlp_play"):
                row.play = child
        elif tag == "img":
            _take_artwork(child, row)
        elif tag not in _LEAVES and is_element(tag):
            role = _role_of(child.attrs.get("class"))
            if role != _ENTER:
                _take(role, child, row)
            elif (child.id or "").endswith("_tracknumber_value"):
                row.number = clean(child.text())
            else:
                waiting += reversed(list(child.iter()))


@lru_cache(maxsize=1024)
def _role_of(classes: str | None) -> int:
    """The role of an element, by its classes; remembered, as the same few come hundreds of times."""
    return next((_ROLES[name] for name in (classes or "").split() if name in _ROLES), _ENTER)


def _take(role: int, child: LexborNode, row: Row) -> None:
    if role == _LABEL:
        label = visible(child.text())
        row.labels.append(label.removeprefix("[").removesuffix("]") if row.is_old else label)
    elif role == _NAME:
        row.shown = row.shown if row.shown is not None else child
    elif role == _CUE:
        row.cue_text = row.cue_text or clean(child.text())
    elif role == _MEDIA:
        row.media_id = row.media_id or child.attrs.get("data-trackid")
    elif role == _QUALIFIER:
        row.qualifiers.append(visible(child.text()))


def _take_meta(meta: LexborNode, row: Row) -> None:
    attributes = meta.attrs
    prop = attributes.get("itemprop")
    if prop in _WANTED_METAS:
        row.metas.setdefault(prop, attributes.get("content") or "")
    elif prop == "genre" and (genre := clean(attributes.get("content"))):
        row.genres.append(genre)


def _take_artwork(img: LexborNode, row: Row) -> None:
    attributes = img.attributes
    if not row.artwork and "artM" in (attributes.get("class") or ""):
        row.artwork = attributes.get("data-src") or attributes.get("src") or ""
