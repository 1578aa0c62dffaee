"""Every field of a page with lexbor and nothing else: the floor that tlray's parser is measured against.

As fast as we could make it, and so without a care: it takes every page for a whole tracklist, knows no
block page, no decoy, no half page.
"""

from __future__ import annotations

import re
from typing import Any
from unicodedata import is_normalized, normalize

from selectolax.lexbor import LexborHTMLParser, LexborNode

SITE = "https://www.1001tracklists.com"
_PLAYERS = (b'ytPlayer.idPlayer = "', b'{ idPlayer: "')
_DURATION = b"Duration</div>"
_UNITS = re.compile(r"(\d+) (hour|minute|second)")
_ISO = re.compile(r"PT(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?")
_SECONDS = {"hour": 3600, "minute": 60, "second": 1}
_CUT = 255


def extract(html: bytes, url: str) -> dict[str, Any]:
    """Return a page's set with all of its rows, by the names that tlray gives the fields."""
    page = LexborHTMLParser(html)
    tab = page.css_first("#tlTab")
    attributes = tab.attributes
    canonical = page.css_first("link[rel=canonical]")
    recordings = _recordings(html)
    made: dict[str, Any] = {
        "url": url,
        "site": "1001tracklists",
        "source_id": url.split("/", 5)[4],
        "page_url": canonical.attributes["href"] if canonical else None,
        "page_id": attributes.get("data-id"),
        "title": "",
        "date": None,
        "djs": [],
        "genres": [],
        "is_live": attributes.get("data-islive") == "true",
        "duration_s": _duration(html),
        "recordings": recordings,
    }
    heading = page.css_first("h1")
    links = heading.css("a") if heading else []
    made["sources"] = [a.text() for a in links if (a.attributes.get("href") or "").startswith("/source/")]
    tracks = _rows(tab, made, 1 if recordings else None)
    if len(tracks) > 1 and tracks[0]["cue_s"] is None and any(t["cue_s"] is not None for t in tracks):
        tracks[0]["cue_s"] = 0.0
    made["track_count"] = len(tracks)
    made["identified_count"] = sum(t["identity"] == "identified" for t in tracks)
    made["cued_count"] = sum(t["cue_s"] is not None for t in tracks)
    made["tracks"] = tracks
    return made


def _rows(tab: LexborNode, made: dict[str, Any], recording: int | None) -> list[dict[str, Any]]:
    """Walk the table from child to child: several times as fast as selectors, which look at every node."""
    tracks: list[dict[str, Any]] = []
    section: str | None = None
    main = 0
    node = tab.child
    while node is not None:
        tag = node.tag
        if tag == "meta":
            _set_meta(node.attributes, made)
        elif tag == "div":
            has = node.attributes
            kinds = (has.get("class") or "").split()
            if "tlpItem" in kinds:
                index = len(tracks) + 1
                kind = "mashup_part" if "tlpSubTog" in kinds else "with" if "con" in kinds else "main"
                main = index if kind == "main" else main
                row: dict[str, Any] = {
                    "index": index, "kind": kind, "parent": None if kind == "main" else main,
                    "section": section, "recording": recording, "genre": [], "labels": [], "extra": [],
                }  # fmt: skip
                _row(node, row)
                tracks.append(_track(row, has))
            elif "bItmH" in kinds and "noUser" not in kinds and (words := _heading(node)):
                section = words
                if recording and words.startswith("Player "):
                    recording = int(words[7:])
        node = node.next
    return tracks


def _set_meta(has: dict[str, Any], made: dict[str, Any]) -> None:
    """Take in what the table says of the set."""
    prop, content = has.get("itemprop"), has.get("content") or ""
    if prop == "name":
        made["title"] = _nfc(content)
    elif prop == "datePublished":
        made["date"] = content
    elif prop == "genre":
        made["genres"].append(content)
    elif prop == "author":
        made["djs"].append(_nfc(content))


def _row(node: LexborNode, row: dict[str, Any]) -> None:
    """Take in what stands directly in a row: artwork, cue and number, names, media."""
    part = node.child
    while part is not None:
        tag = part.tag
        if tag == "img":
            has = part.attributes
            art = has.get("data-src") or has.get("src") or ""
            row["artwork"] = art if art.startswith("http") and "/default_" not in art else None
        elif tag == "div":
            has = part.attributes
            kind = has.get("class") or ""
            if kind.startswith("bPlay"):
                _cue(part, row)
            elif kind.startswith("bCont"):
                content = part.child
                while content is not None and content.tag != "div":
                    content = content.next
                if content is not None:
                    _content(content, row)
            elif "mediaRow" in kind:
                row["media_id"] = has.get("data-trackid")
        part = part.next


def _cue(play: LexborNode, row: dict[str, Any]) -> None:
    """Take in a row's number and start."""
    seconds = "0"
    node = play.child
    while node is not None:
        tag = node.tag
        if tag == "input":
            seconds = node.attributes.get("value") or "0"
        elif tag == "span" and row["kind"] == "main" and "number" not in row:
            number = node.text(strip=True)
            row["number"] = int(number) if number.isdecimal() else None
        elif (
            tag == "div" and row["kind"] != "mashup_part" and node.child is not None and node.text(strip=True)
        ):
            row["cue_s"] = float(seconds)
        node = node.next


def _content(content: LexborNode, row: dict[str, Any]) -> None:
    """Take in a row's names, labels and what else is said of it."""
    node = content.child
    while node is not None:
        tag = node.tag
        if tag == "meta":
            has = node.attributes
            prop = has.get("itemprop")
            if prop == "genre":
                row["genre"].append(has["content"])
            elif prop not in {"publisher", "byArtist"}:
                row[prop] = has.get("content")
        elif tag == "span":
            kind = node.attributes.get("class") or ""
            if kind.startswith("trackValue"):
                name = row.get("name")
                if name is None or len(name) >= _CUT:
                    row["visible"] = _squeeze(node.text())
            elif "iBlock" in kind:
                label = node.child
                while label is not None:
                    if label.tag == "span" and "trackLabel" in (label.attributes.get("class") or ""):
                        row["labels"].append(_squeeze(label.text()).replace(" )", ")"))
                    label = label.next
            elif "trackStatus" in kind or "trackEditData" in kind:
                row["extra"].append(_squeeze(node.text()))
        node = node.next


def _track(row: dict[str, Any], has: dict[str, Any]) -> dict[str, Any]:
    """Put a row's pieces together."""
    name = row.get("name")
    line = name
    if name is None:
        name = line = row.get("visible") or "ID - ID"
    elif "visible" in row:
        name = row["visible"].replace("( ", "(").replace(" )", ")")
    artist, _, title = name.partition(" - ")
    extra = row["extra"]
    if extra:
        title = " ".join([title, *extra])
        line = " ".join([line, *extra])
    labels = row["labels"]
    if labels:
        line = f"{line} [{'/'.join(labels)}]"
    url = row.get("url")
    track_id = has.get("data-trackid") or (url.split("/", 3)[2] if url else None)
    if extra and any("ID Remix" in words for words in extra):
        identity = "id_remix"
    elif track_id or has.get("data-isided") == "true":
        identity = "identified"
    else:
        identity = "id" if name == "ID - ID" or not row.get("name") else "id_title"
    return {
        "index": row["index"], "number": row.get("number"), "kind": row["kind"], "parent": row["parent"],
        "section": row["section"], "recording": row["recording"], "cue_s": row.get("cue_s"),
        "artist": _nfc(artist), "title": _nfc(title), "labels": labels,
        "identity": identity, "track_id": track_id, "track_url": SITE + url if url else None,
        "duration_s": _iso(row.get("duration")), "genres": row["genre"], "artwork_url": row.get("artwork"),
        "media_id": row.get("media_id"), "text": _nfc(line),
    }  # fmt: skip


def _heading(node: LexborNode) -> str | None:
    """Return a heading's words; None for a note."""
    words = node.css_first(".breakAll,.fRow")
    return None if words is None else _squeeze(words.text())


def _recordings(html: bytes) -> list[str]:
    """Return the media ids of the players, in their order."""
    found: dict[str, None] = {}
    for mark in _PLAYERS:
        at = html.find(mark)
        while at >= 0:
            at += len(mark)
            found[html[at : html.index(b'"', at)].decode()] = None
            at = html.find(mark, at)
    return list(found)


def _duration(html: bytes) -> float | None:
    """Return the length that the box of facts names."""
    at = html.find(_DURATION)
    if at < 0:
        return None
    words = html[at + len(_DURATION) : at + len(_DURATION) + 100].decode(errors="replace").partition("</")[0]
    return float(sum(int(n) * _SECONDS[unit] for n, unit in _UNITS.findall(words))) or None


def _iso(text: str | None) -> float | None:
    found = _ISO.fullmatch(text) if text else None
    if found is None:
        return None
    hours, minutes, seconds = found.groups("0")
    return int(hours) * 3600.0 + int(minutes) * 60 + int(seconds)


def _squeeze(text: str) -> str:
    return " ".join(text.split())


def _nfc(text: str) -> str:
    return text if is_normalized("NFC", text) else normalize("NFC", text)
