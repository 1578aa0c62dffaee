# ruff: noqa: E501 - markup stands here in lines as the site writes them
"""The parts of a page around its tracks: styles, scripts, menus, boxes, advertisements.

More than half of a small page is chrome, and a benchmark without it would flatter the parser. It is
invented text of real size and of real compressibility, made once and the same on every page.
"""

from __future__ import annotations

from functools import lru_cache
from random import Random

from tlray.demo import names
from tlray.demo.names import seeded, slug

_PROPERTIES = ("margin", "padding", "font-size", "line-height", "color", "background-color", "border-color", "display",
               "grid-column", "max-width", "min-height", "text-align", "opacity", "border-radius", "align-items",
               "justify-content", "flex-flow", "overflow", "position", "box-shadow", "cursor", "white-space")  # fmt: skip
_VALUES = ("0 auto", "5px", "10px 5px", "1.5rem", "14px", "var(--font-color)", "var(--box-color)", "var(--border-color-contrast)",
           "flex", "grid", "none", "inline-flex", "center", "100%", "2px solid transparent", "space-between", "row wrap",
           "hidden", "relative", "pointer", "nowrap", "0.8", "calc(100% - 10px)", "#1090DB", "0.5rem")  # fmt: skip
_STEMS = ("bItm", "bItmH", "fTab", "cRow", "wRow", "iRow", "mTabH", "tBtn", "artM", "navBox", "usrMenu", "badge", "fa", "btn",
          "sTab", "mItems", "story", "panel", "crate", "deck", "fader", "cueBox", "sleeve", "needle")  # fmt: skip
_WORDS = ("cue", "row", "player", "media", "track", "list", "menu", "widget", "buffer", "slot", "volume", "slider", "link",
          "filter", "suggest", "vote", "export", "scroll", "story", "toggle", "bubble", "edit", "time", "value")  # fmt: skip


@lru_cache
def style_sheet(size: int = 47_000) -> str:
    """Make up a style sheet of about ``size`` characters."""
    rng = seeded("style", size)
    rules, length = [":root { --font-color: #333; --box-color: #fff; --border-color: #c7c7c7; }"], 0
    while length < size:
        selectors = ", ".join(_selector(rng) for _ in range(rng.choice((1, 1, 2, 3))))
        body = " ".join(f"{rng.choice(_PROPERTIES)}: {_value(rng)};" for _ in range(rng.randint(1, 6)))
        rules.append(f"{selectors} {{ {body} }}")
        length += len(rules[-1]) + 1
    return f"<style> {' '.join(rules)} </style>"


def _value(rng: Random) -> str:
    draw = rng.randrange(3)
    if draw == 0:
        return f"{rng.randrange(1, 480)}px"
    return f"#{rng.getrandbits(24):06x}" if draw == 1 and rng.random() < 0.5 else rng.choice(_VALUES)


def _selector(rng: Random) -> str:
    name = f".{rng.choice(_STEMS)}{rng.choice(('', '', 'L', 'S', 'Big', str(rng.randrange(90))))}"
    return name + rng.choice(("", "", " > div", ":hover", ":not(.con)", " a", f" .{rng.choice(_STEMS)}"))


@lru_cache
def script(size: int, salt: str) -> str:
    """Make up a script of about ``size`` characters."""
    rng = seeded("script", salt, size)
    parts, length = ["window.jsbuffer = window.jsbuffer || [];"], 0
    while length < size:
        first, second = rng.choice(_WORDS), rng.choice(_WORDS).title()
        other = f"{rng.choice(_WORDS)}{rng.choice(_WORDS).title()}"
        parts.append(
            f"function {first}{second}{rng.randrange(99)}({other}) {{ if (typeof {other} != 'undefined' && {other}.length > "
            f"{rng.randrange(100)}) {{ $('#{first}{second}').find('.{rng.choice(_STEMS)}').data('{rng.choice(_WORDS)}', "
            f"{rng.randrange(10**6)}).toggleClass('{rng.choice(_STEMS)}'); return {rng.choice(_WORDS)}s[{other}]; }} "
            f"jsbuffer.push(['ready', function() {{ window.{first} = new {second}(this, {{ id: '{rng.getrandbits(48):x}' }}); }}]); }}"
        )
        length += len(parts[-1]) + 1
    return f"<script> {' '.join(parts)} </script>"


@lru_cache
def icons() -> str:
    """Return the links to icons and to other hosts that every page's head holds."""
    sizes = (180, 192, 128, 96, 32, 16)
    links = [
        f'<link rel="icon" type="image/png" sizes="{n}x{n}" href="/images/static/favicon-{n}x{n}.png?v=2">'
        for n in sizes
    ]
    hosts = ("a.ads", "b.ads", "c.ads", "cdn", "i1.media", "w.media", "thumbs", "player")
    links += [f'<link rel="preconnect" href="https://{host}.demo.invalid" crossorigin>' for host in hosts]
    return (
        " ".join(links)
        + ' <meta name="theme-color" content="#40aef0"> <meta name="application-name" content="1001Tracklists">'
    )


@lru_cache
def menus(size: int = 9_000) -> str:
    """Make up the menus and hidden dialogs below the content."""
    rng = seeded("menus")
    parts, length = [], 0
    while length < size:
        title = rng.choice(("Hot Shows", "Hot Events", "Years", "Genres", "Charts"))
        items = "".join(
            f'<li><a href="/source/{names.page_id(rng)}/{slug(name)}/index.html">{name}</a></li>'
            for name in [names.event(rng) for _ in range(10)]
        )
        parts.append(
            f'<div class="modal fade" id="cat{rng.randrange(10**6)}Modal"><div class="modal-dialog"><div class="modal-header">'
            f'<div class="modal-title">{title}</div></div><div class="modal-body"><ul class="nav nav-pills">{items}</ul></div></div></div>'
        )
        length += len(parts[-1])
    return "".join(parts)


@lru_cache
def side_box(size: int = 7_000) -> str:
    """Make up the box with an artist's outside links."""
    rng = seeded("side")
    parts, length = [], 0
    while length < size:
        place = rng.choice(
            ("Songstats", "Apple Music", "Beatport", "Mixcloud", "SoundCloud", "Spotify", "YouTube")
        )
        parts.append(
            f'<a href="https://{place.lower().replace(" ", "")}.demo.invalid/{rng.getrandbits(40):x}?ref=1001tl" target="_blank" '
            f'rel="noopener noreferrer" onclick="" class="flex noWrap nohover c h40" title="{place} Link">'
            f'<i class="fa colorized fa-{slug(place)} fa-24 spR "></i>{place}</a> &#32; '
        )
        length += len(parts[-1])
    return f'<details class="full"><summary>Contact Links</summary><div>{"".join(parts)}</div></details>'


@lru_cache
def player_widget() -> str:
    """Return the hidden sound control that stands first in the list of tracks."""
    parts = "".join(
        f'<div id="playerWidget{part}" class="fa fa-32 blueTxt aIcon" onclick="audioPlayerRunning.{part.lower()}(true);" '
        f'onmouseover="audioPlayerRunning.showVolumeBar(true)" title="{part.lower()}"></div> '
        for part in ("Pause", "Volume", "VolumeSlider", "Icon", "CurrentTime", "WaveForm", "WaveFormBG")
    )
    return f'<div id="playerWidget" title="sound player control" style="display: none"> <div id="playerWidgetFields"> {parts}</div> </div>'
