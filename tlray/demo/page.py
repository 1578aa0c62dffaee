# ruff: noqa: E501 - markup stands here in lines as the site writes them
"""The page of an invented set.

Four ages of the site's markup, as real pages of 2022 to 2026 have it: ``G1`` (2022-24, ``#root``),
``G1b`` (2025, wrapper ids random), ``G2a`` (2026, ``#csRoot``), ``G2b`` (later in 2026, short artist links).
"""

from __future__ import annotations

import re
from datetime import timedelta
from html import escape

from tlray.demo import chrome
from tlray.demo.names import page_id, seeded, slug
from tlray.demo.players import players
from tlray.demo.row_markup import row_markup
from tlray.demo.sets import SITE_URL, DemoSet, Row
from tlray.demo.text_rows import heading_row, note_row

_WRAPPERS = {"G1": ("root", "top", "middle", "left", "right"), "G1b": ("kTqLwxbn", "wQzRmvtP", "ODxvhRiZ", "LetrUZmq", "YmNloPSd"),
             "G2a": ("csRoot", "csTop", "csMiddle", "csLeft", "csRight"), "G2b": ("csRoot", "csTop", "csMiddle", "csLeft", "csRight")}  # fmt: skip
_TEXT = re.compile(r">\s*([^<>\s][^<>]*?)\s*<")
_AD_ROWS = {"G1": "intAdRow", "G1b": "sjQLxsmH", "G2a": "cAdRow", "G2b": "cAdRow"}


def page_of(demo: DemoSet, *, n_rows: int | None = None) -> str:
    """Mark up ``demo``; with ``n_rows`` only so many of its rows, as a page that broke off would."""
    root, top, middle, left, right = _WRAPPERS[demo.head.generation]
    return (
        f'<!DOCTYPE html> <html prefix="og: http://ogp.me/ns#" itemscope itemtype="http://schema.org/Article" lang="en-US">\n'
        f"<head> {_head(demo)} {chrome.icons()} {chrome.style_sheet()} {chrome.script(11_000, 'head')} </head>\n"
        f'<body id="body"> {_posting(demo)} {chrome.script(2_000, "body")} <div id="main"> <div id="{root}"> <div id="{top}"> '
        f'<div class="c" data-freestar-ad="__728x90 __970x90" id="demo_leaderboard_atf"></div> <div class="flex"> {_heading(demo)} '
        f'<div id="artworkTop" class="bgArt"></div></div> <div id="hInfo"> </div> </div> '
        f'<div id="{middle}"> {players(demo)} {_list(demo, n_rows)} {_play_counts(demo)} {chrome.script(9_000, "foot")} '
        f'<div id="footer" class="c footer"> <noscript><h1 class="redTxt">Please enable JavaScript for full functionality.</h1></noscript> '
        f'</div> </div> <div id="{left}"> {_info_box(demo)} {_dj_boxes(demo)} </div> <div id="{right}"></div> </div> </div> '
        f"{chrome.menus()} {chrome.script(9_000, 'end')} </body>\n</html>\n"
    )


def head_of(title: str, url: str, description: str = "") -> str:
    """Return the title and metas of any page of the site."""
    title, url, description = escape(title), escape(url), escape(description)
    return (
        f'<meta http-equiv="Content-Type" content="text/html; charset=utf-8"> <title>{title}</title> '
        f'<meta name="author" content="1001Tracklists"> <meta name="description" content="{description}"> '
        f'<meta property="og:site_name" content="1001Tracklists"> <meta property="og:url" content="{url}"> '
        f'<link rel="canonical" href="{url}"> <meta property="og:type" content="article"> '
        f'<meta name="twitter:site" content="@1001tracklists"> <meta property="og:title" content="{title}"> '
        f'<meta property="og:description" content="{description}"> <meta name="robots" content="index, follow">'
    )


def _head(demo: DemoSet) -> str:
    head = demo.head
    kind = "live set" if head.is_live else "radio show"
    about = (
        f"Tracklist / playlist for {kind} {head.title} with {len(demo.rows)} {' '.join(head.genres)} tracks."
    )
    return head_of(head.title, SITE_URL + head.path, about)


def _posting(demo: DemoSet) -> str:
    posted = demo.head.played + timedelta(days=1)  # the same itemprops as the set's own, but outside #tlTab
    return (
        f'<meta itemprop="author" content="user{demo.numeric_id % 97}"> <meta itemprop="genre" content="tracklist"> '
        f'<meta itemprop="datePublished" content="{posted.isoformat()}T20:13:26+00:00"> '
        f'<meta itemprop="dateModified" content="{posted.isoformat()}T22:00:00+00:00">'
    )


def dj_slug(dj: str) -> str:
    """Return the name of a DJ in the path of the DJ's page."""
    return slug(dj).replace("-", "")


def _dj_link(dj: str, generation: str) -> str:
    href = f"/artist/{slug(dj)}/tracklists.html" if generation == "G2b" else f"/dj/{dj_slug(dj)}/index.html"
    return f'<a href="{href}" class="notranslate ">{escape(dj)}</a>'


def _source_link(name: str) -> str:
    return f'<a href="/source/{page_id(seeded(name))}/{slug(name)}/index.html">{escape(name)}</a>'


def _heading(demo: DemoSet) -> str:
    generation = demo.head.generation
    words = "".join(
        _dj_link(text, generation)
        if kind == "dj"
        else _source_link(text)
        if kind == "source"
        else escape(text)
        for kind, text in demo.head.pieces
    )
    if generation == "G2b":
        return f'<h1 id="pageTitle" class="notranslate" translate="no"> {words} </h1>'
    return f'<div id="pageTitle"><h1 class="notranslate" translate="no"> {words} </h1></div>'


def _list(demo: DemoSet, n_rows: int | None) -> str:
    head = demo.head
    metas = [
        ("name", head.title),
        ("datePublished", head.played.isoformat()),
        ("numTracks", str(demo.n_positions)),
    ]
    metas += [("genre", genre) for genre in head.genres] + [("author", dj) for dj in head.djs]
    parts = [
        (
            f'<div id="tlTab" itemscope="" itemtype="http://schema.org/MusicPlaylist" data-id="{head.page_id}" '
            f'data-islive="{str(head.is_live).lower()}" data-count="{len(demo.rows)}"> '
        ),
        "".join(f'<meta itemprop="{name}" content="{escape(value)}">' for name, value in metas),
        f" {chrome.player_widget()} {_cue_script(demo)} ",
    ]
    parent_cue_s = n_ads = 0
    for place, row in enumerate(demo.rows[:n_rows]):
        parts += [note_row(note, row, head.set_id) for note in row.notes]
        if row.heading:
            parts.append(heading_row(row))
        if row.kind == "main":
            parent_cue_s = row.cue_s or 0
        markup = row_markup(demo, row, parent_cue_s)
        parts.append(_TEXT.sub(r"> \1 <", markup) if head.is_reserialised else markup)
        if place % 8 == 2 and n_ads < 4:
            n_ads += 1
            parts.append(
                f'<div class="{_AD_ROWS[head.generation]}"> <div class="ccB cLBDiv" id="ccBC{n_ads}"><div class="c" '
                f'data-freestar-ad="__336x280" id="demo_top_leaderboard_{n_ads}"></div></div> </div> '
            )
    parts.append(
        f'{note_row("add-video", demo.rows[-1], head.set_id)} <div id="tl_save" class="mt10"> </div> </div>'
    )
    return "".join(parts)


def _cue_script(demo: DemoSet) -> str:
    """Return the script's own map of times: it puts w/ rows under their main row's time, cue or none."""
    groups: list[tuple[int, Row, list[int]]] = []
    for place, row in enumerate(demo.rows):
        if row.kind == "main" and (row.cue_s is not None or place == 0):
            groups.append((row.cue_s or 0, row, [row.trno]))
        elif row.kind == "with" and groups:
            groups[-1][2].append(row.trno)
    player = [recording.media_id for recording in demo.recordings] or [""]
    entries = "".join(
        f"cueValuesEntry = {{}}; cueValuesEntry.seconds = {seconds}; cueValuesEntry.number = '{row.number}'; "
        f"cueValuesEntry.idPlayer = '{player[min(row.player, len(player)) - 1]}'; cueValuesEntry.ids = []; "
        + "".join(f"cueValuesEntry.ids[{n}] = 'tlp{trno}_content'; " for n, trno in enumerate(trnos))
        + f"cueValueData.push(cueValuesEntry); cueValues.push({seconds}); "
        for seconds, row, trnos in groups
    )
    return f"<script> jsbuffer.push(['ready', function() {{ cueValues = []; cueValueData = []; {entries}cueValues.sort(numSort); }}]); </script>"


def _play_counts(demo: DemoSet) -> str:
    counts = ",".join(f'"{row.media_id}":"{row.position_id % 900}"' for row in demo.rows if row.media_id)
    return f"<script>jsbuffer.push(['ready', function() {{$.each({{{counts}}}, function(i,v) {{$('.pcTr' + i).text(v);}});}}]);</script>"


def _info_box(demo: DemoSet) -> str:
    head, shown = demo.head, [row for row in demo.rows if row.kind != "mashup_part"]
    known = sum(row.identity == "identified" for row in shown)
    ided = (
        f'<span class="greenTxt">all</span> / {len(shown)}'
        if known == len(shown)
        else f"{known} / {len(shown)}"
    )
    duration = (
        "" if demo.duration_s is None else f"<div>Duration</div> <div>{_spoken(demo.duration_s)}</div> "
    )
    return (
        '<div class="fTab"> <div class="h">General Information</div> <div class="sTab c2 cM"> '
        f'<div title="tracklist recording date">TL date</div> <div>{head.played:%a, %b %d %Y}</div> <div>Posted by</div> <div> '
        f'<a href="/user/user{demo.numeric_id % 97}/index.html">user{demo.numeric_id % 97}</a><span class="spL noWrap">(55.5k)</span> </div> '
        f'<div class="fS">Views</div> <div> <meta itemprop="interactionCount" content="UserPageVisits:2740">2,740 </div> '
        f"<div>IDed</div> <div> {ided} </div> {duration}<div>Short link</div> <div> "
        f'<a href="https://1001.tl/{head.page_id}">1001.tl/{head.page_id}</a> </div> </div> <div class="h">Tracklist Genre(s)</div> '
        f'<div id="tl_music_styles" class="c ptb5">{escape(", ".join(head.genres))}</div> </div>'
    )


def _spoken(seconds: int) -> str:
    """Say a duration as the info box does: ``2 hours 36 minutes 46 seconds``."""
    parts = (("hour", seconds // 3600), ("minute", seconds // 60 % 60), ("second", seconds % 60))
    return " ".join(f"{n} {unit}{'' if n == 1 else 's'}" for unit, n in parts if n)


def _dj_boxes(demo: DemoSet) -> str:
    box = '<div class="fTab"> <div class="h fontL"> {} <img src="/images/flags/nl.png" alt="Netherlands" class="flag"> </div> <div class="cRow"> {} </div> </div> '
    people = "".join(
        box.format(_dj_link(dj, demo.head.generation), chrome.side_box()) for dj in demo.head.djs
    )
    places = "".join(
        box.format(_source_link(source), '<div class="mtb5">Open Air / Festival</div>')
        for source in demo.head.sources
    )
    return people + places
