"""Mixes with a known truth, as MixesDB would serve them: wikitext by REST, a page of HTML, a page of the Explorer."""

from __future__ import annotations

import html
import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote


@dataclass(frozen=True)
class MadeMix:
    """A mix; ``rows`` are lines of wikitext without ``#``: ``[07] Oto - Tide [Pier - P 1]``, ``;Part 2``, ``...``."""

    title: str = "2031-05-04 - Mira Quell - Pier Radio"
    rows: tuple[str, ...] = (
        "[00] Oto - Tide [Pier - P 1]",
        "[07] Mira Quell - Ebb (Oto Remix)",
        "[??] ''Lio - Dune''",
        "[61] ?",
    )
    files: tuple[str, ...] = ("1:02:03",)
    player: str = "mode=mirrors\n |https://play.example/one\n |https://mirror.example/one"
    categories: tuple[str, ...] = ("2031", "Mira Quell", "Pier Radio", "Techno", "Tracklist: complete")
    page_id: int = 4711
    revision: int = 9001
    notes: str = field(default="# no track - at all\n")

    @property
    def key(self) -> str:
        """Its key in the wiki."""
        return self.title.replace(" ", "_")

    def wikitext(self, *, as_list: bool = False) -> str:
        """Return its page; ``as_list``: the list between tags, its lines without ``#``."""
        columns = ["Pt.", "dur"] if len(self.files) > 1 else ["dur"]
        rows = [
            "|-\n" + "\n".join(f"| {cell}" for cell in ([str(n), dur] if len(self.files) > 1 else [dur]))
            for n, dur in enumerate(self.files, 1)
        ]
        table = (
            "{|{{NormalTableFormat}}\n"
            + "\n".join(f"! {name}" for name in columns)
            + "\n"
            + "\n".join(rows)
            + "\n|}"
        )
        lines = [line if as_list or line[:1] in ";." else f"# {line}" for line in self.rows]
        body = "\n".join(["<list>", *lines, "</list>"] if as_list else lines)
        return (
            f"[[File:cover.jpg|right|360px]]\n\n== File details ==\n{table}\n\n{{{{Player|{self.player}\n}}}}\n\n"
            f"== Notes ==\n{self.notes}\n== Tracklist ==\n{body}\n\n"
            + "\n".join(f"[[Category:{name}]]" for name in self.categories)
        )

    def rest(self, **changed: Any) -> bytes:
        """Return what REST answers."""
        page = {
            "id": self.page_id, "key": self.key, "title": self.title,
            "latest": {"id": self.revision, "timestamp": "2031-05-06T07:08:09Z"},
            "content_model": "wikitext", "license": {"url": "", "title": ""}, "source": self.wikitext(),
        }  # fmt: skip
        return json.dumps({**page, **changed}).encode()

    def _list_html(self) -> str:
        pieces, is_open = [], False
        for row in self.rows:
            text = html.escape(row, quote=False)
            for mark, tag in (("'''", "b"), ("''", "i")):
                while mark in text:
                    text = text.replace(mark, f"<{tag}>", 1).replace(mark, f"</{tag}>", 1)
            if row[0] in ";.":
                pieces.append(
                    "</ol>" * is_open
                    + (f"<dl><dt>{text[1:]}</dt></dl>" if row[0] == ";" else f"<p>{text}</p>")
                )
                is_open = False
            else:
                pieces.append("<ol>" * (not is_open) + f"\n<li> {text}\n</li>")
                is_open = True
        return "".join(pieces) + "</ol>" * is_open

    def _files_html(self) -> str:
        rows = "".join(f"<tr><td> {dur}\n</td><td></td></tr>" for dur in self.files)
        return f'<table class="filedetails"><tr><th> dur\n</th><th> MB</th></tr>{rows}</table>'

    def _links(self) -> str:
        return " | ".join(
            f'<a href="/w/Category:{quote(name)}">{html.escape(name)}</a>' for name in self.categories
        )

    def page(self) -> bytes:
        """Return its page of HTML."""
        return (
            f"<!DOCTYPE html><html><head><title>{html.escape(self.title)} | DJ sets &amp; tracklists on MixesDB</title>"
            f'<script>RLCONF={{"wgPageName":{json.dumps(self.key)},"wgArticleId":{self.page_id},"wgRevisionId":{self.revision}}};'
            f'</script></head><body><h1 id="firstHeading">{html.escape(self.title)}</h1><ul><li>Log in</li></ul>'
            f'<div id="mw-content-text"><div class="mw-parser-output">{self._files_html()}'
            '<div class="playerWrapper" data-playerurl="https&#58;//play.example/one"></div>'
            '<h2><span class="mw-headline" id="Notes">Notes</span></h2><ol><li>no track - at all</li></ol>'
            f'<h2><span class="mw-headline" id="Tracklist">Tracklist</span></h2>{self._list_html()}'
            f'<h2>Comments</h2><ol><li>me - too</li></ol></div></div><div id="catlinks">{self._links()}</div></body></html>'
        ).encode()


def explorer(*mixes: MadeMix) -> bytes:
    """Return a page of the Explorer with some mixes."""
    results = "".join(
        f'<div data-explorerarticleid="{mix.page_id}" class="explorerResult"><div class="explorerTitle">'
        f'<a href="//www.mixesdb.com/db/index.php?title={quote(mix.key)}&action=edit">edit</a>'
        f'<span class="explorerTitleLink"><a href="/w/{quote(mix.key)}" title="{html.escape(mix.title)}" class="cat-tlC">x</a>'
        f'</span></div><div class="ExplorerTracklist"><div class="noPlayers">{mix._files_html()}'
        f'<div class="playerWrapper" data-playerurl="https&#58;//play.example/one"></div></div>{mix._list_html()}'
        f'<div class="explorerLinks">{mix._links()}</div></div></div>'
        for mix in mixes
    )
    return (
        '<!DOCTYPE html><html><head><link rel="dns-prefetch" href="https://cdn-mixesdb.com"></head><body>'
        f'<ol><li>[00] not - a row</li></ol><div id="mw-content-text">{results}</div></body></html>'
    ).encode()
