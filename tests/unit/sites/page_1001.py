"""Pages in the markup of 1001tracklists, made up for tests: invented artists, the same elements."""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape

from tlray.model import ParsedPage, Tracklist
from tlray.sites.tracklists1001 import Tracklists1001

SET_URL = "https://www.1001tracklists.com/tracklist/abc123x/mira-quell-lighthouse-2031-05-04.html"


@dataclass
class FakeRow:
    """One row; the defaults make an identified track with nothing else known."""

    name: str | None = "Mira Quell - Lantern"
    by_artist: str | None = None
    number: str = "01"
    n: int = 1
    classes: str = "tlpTog"
    attributes: str = 'data-isided="true"'
    cue: str | None = ""
    seconds: str = "0"
    shown: str | None = None
    after_name: str = ""
    labels: tuple[str, ...] = ()
    metas: str = ""
    artwork: str = "https://img.example/a.jpg"
    media_id: str | None = None
    play: str | None = None

    def html(self, trno: int) -> str:
        """The row as the site would serve it."""
        metas = self.metas
        if self.name is not None:
            artist = self.by_artist or self.name.partition(" - ")[0]
            metas = (
                f'<meta itemprop="name" content="{escape(self.name)}">'
                f'<meta itemprop="byArtist" content="{escape(artist)}">{metas}'
            )
        shown = escape(self.shown if self.shown is not None else self.name or "ID - ID", quote=False)
        cue = "" if self.cue is None else f'<div class="cue noWrap" data-mode="hours">{self.cue}</div>'
        number = f'<span id="tlp{trno}_tracknumber_value" class="fontXL"> {self.number} </span>'
        play = f"playPosition(this, {{ idPlayer: '{self.play}' }} );" if self.play is not None else ""
        labels = '<span class="spL spR">/</span>'.join(
            f'<span title="label" class="trackLabel noWrap">{escape(label)}<a href="/label/x/"></a></span>'
            for label in self.labels
        )
        media = f' data-trackid="{self.media_id}"' if self.media_id else ""
        return (
            f'<div id="tlp_{trno}" class="{self.classes} bItm tlpItem trRow{self.n}" data-trno="{trno}"'
            f' {self.attributes}> <img class="artwork artM" data-src="{self.artwork}" src="/empty.png">'
            f' <div class="bPlay"> <input id="tlp{trno}_cue_seconds" type="hidden" value="{self.seconds}">'
            f"{number if self.number else ''}"
            f'<i id="tlp_play_{trno}" onclick="{play}"></i>{cue}</div>'
            f' <div class="bCont tl"><div id="tlp{trno}_content" class="fontL" itemprop="tracks">{metas}'
            f' <span class="trackValue notranslate" id="tr_{trno}">{shown}</span> {self.after_name}'
            f' <span class="iBlock">{labels}</span></div>'
            f' <div class="wRow"><span title="IDer of this track">someone (12k)</span></div></div>'
            f' <div class="iRow mediaRow"{media}><i class="mAction"></i></div></div>'
        )


def heading(text: str) -> str:
    """A text row with a heading typed by a person."""
    return f'<div class="bItmH flex"><span class="breakAll " id="tlp9_headtext_column"> {text} </span></div>'


def text_row(inner: str, classes: str = "bItmH") -> str:
    """Any other text row."""
    return f'<div class="{classes}">{inner}</div>'


PLAYER = '<div data-idmedia="{n}" data-idsource="{source}" class="mediaLink mediaItem{item}"></div>'


@dataclass
class FakePage:
    """A whole page. ``entries`` are rows, and strings that stand between them as they are."""

    entries: list[FakeRow | str] = field(default_factory=lambda: [FakeRow()])
    count: str | None = None
    title: str = "Mira Quell @ Lighthouse Stage, Harbour Days, Ruritania 2031-05-04"
    head: str = f'<link rel="canonical" href="{SET_URL}">'
    h1: str = (
        '<a href="/artist/mira/tracklists.html">Mira Quell</a> &amp; <a href="/dj/oto/index.html">Öto</a>'
        ' @ Lighthouse Stage, <a href="/source/k2/harbour/index.html">Harbour Days</a>, Ruritania 2031-05-04'
    )
    metas: str = (
        '<meta itemprop="datePublished" content="2031-05-04"><meta itemprop="numTracks" content="99">'
        '<meta itemprop="genre" content="Trance"><meta itemprop="genre" content="House">'
        '<meta itemprop="author" content="Mira Quell (RU)"><meta itemprop="author" content="Öto">'
    )
    players: str = PLAYER.format(n=1, source=13, item="vid-One_1")
    info: str = "<div>Duration</div> <div>1 hour 2 minutes 3 seconds</div>"
    before_end: str = ""

    def html(self) -> str:
        """The page's text."""
        n_rows = sum(isinstance(entry, FakeRow) for entry in self.entries)
        rows = "".join(e.html(i) if isinstance(e, FakeRow) else e for i, e in enumerate(self.entries))
        return (
            f"<!DOCTYPE html><html><head><meta charset=utf-8><title>{self.title}</title>{self.head}"
            '<meta itemprop="genre" content="tracklist"><meta itemprop="author" content="poster">'
            '<meta itemprop="datePublished" content="2031-06-07T08:09:10+00:00"></head>'
            f'<body><div id="csRoot"><div id="csTop"><h1 id="pageTitle">{self.h1}</h1></div>'
            f'<div id="csMiddle">{self.players}<div id="tlTab" itemscope data-id="abc123x" data-islive="true"'
            f' data-count="{n_rows if self.count is None else self.count}">'
            f'<meta itemprop="name" content="{escape(self.title)}">{self.metas}'
            f'<script>cueValuesEntry.seconds = 777;</script>{rows}<div id="tl_save"></div></div></div>'
            f'<div id="csLeft"><div class="sTab c2 cM">{self.info}</div></div></div>{self.before_end}'
            "</body></html>\n"
        )

    def body(self) -> bytes:
        """The page as it comes over the wire."""
        return self.html().encode()


def parse(body: bytes, url: str = "", charset: str | None = None) -> ParsedPage:
    """The shipped parser's answer."""
    return Tracklists1001().parse(body, url=url, charset=charset)


def the_set(*entries: FakeRow | str, **page: str) -> Tracklist:
    """The set on a page with these entries."""
    (found,) = parse(FakePage(list(entries) or [FakeRow()], **page).body(), url=SET_URL).tracklists
    return found
