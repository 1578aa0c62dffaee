# ruff: noqa: E501 - markup stands here in lines as the site writes them
"""Pages that the site sends instead of the one requested: blocks, decoys, not found, search.

Waits, captchas, limits, decoys, the page for what does not exist, and search results, with the
wording of real ones (its misspellings included: parsers go by them).
"""

from __future__ import annotations

from dataclasses import replace
from html import escape

from tlray.demo import chrome, names
from tlray.demo.names import seeded
from tlray.demo.page import head_of, page_of
from tlray.demo.sets import SITE_URL, DemoSet, SetHead

GENERIC_TITLE = "1001Tracklists ⋅ The World's Leading DJ Tracklist/Playlist Database"

BLOCKS = ("wait", "turnstile", "ip-limit", "captcha", "decoy")
"""The kinds of block; `block_page` makes each."""

_NO_SCRIPT = '<noscript> <h1 class="redTxt"><span class="h32">Please enable JavaScript for full functionality.</span></h1> </noscript>'
_SUBMIT = 'If the forwarding does not work please click <input type="submit" class="noBorder blueTxt navBtn" value="here">'


def block_page(kind: str, demo: DemoSet) -> tuple[int, str]:
    """Make what stands at ``demo``'s URL while the site blocks: HTTP status and page."""
    if kind == "decoy":
        return 200, _decoy(demo)
    status, title, body = {
        "wait": _wait,
        "turnstile": _turnstile,
        "ip-limit": _ip_limit,
        "captcha": _captcha,
    }[kind](demo.head)
    return status, _shell(title, SITE_URL + demo.head.path, body)


def gone_page(path: str) -> str:
    """Make the page for what does not exist."""
    return _shell(
        GENERIC_TITLE, SITE_URL + path, f'<h1 class="h1">Sorry, that page does not exist</h1> {_NO_SCRIPT}'
    )


def home_page() -> str:
    """Make the front page: the site's shell around nothing."""
    return _shell(
        GENERIC_TITLE,
        SITE_URL + "/",
        f'<div id="csMiddle"> <div class="bItmH">Latest Tracklists</div> </div> {chrome.menus()}',
    )


def search_page(query: str, heads: list[SetHead], next_path: str = "") -> str:
    """Make a list of search results; ``next_path`` is where it goes on."""
    found = f"Tracklists search result for &quot;{escape(query)}&quot;"
    hits = "".join(_hit(head) for head in heads)
    middle = f'<div id="csMiddle"> <div class="bItmH">{found}<span class="badge spL">{len(heads)}</span></div> {hits}{_more(next_path)} </div>'
    title = f'Tracklists search result for "{query}"'
    return _shell(
        title, f"{SITE_URL}/search/result.php", f'<div id="csRoot"> {middle} </div> {chrome.menus()}'
    )


def dj_page(dj: str, path: str, heads: list[SetHead], next_path: str = "") -> str:
    """Make the page of a DJ: the sets that it plays in."""
    middle = f'<div id="csMiddle"> {"".join(map(_hit, heads))}{_more(next_path)} </div>'
    return _shell(
        f"{dj} Tracklists Overview", SITE_URL + path, f'<div id="csRoot"> {middle} </div> {chrome.menus()}'
    )


def _more(next_path: str) -> str:
    return f' <a rel="next" href="{escape(next_path)}">next</a>' if next_path else ""


def _shell(title: str, url: str, body: str) -> str:
    return (
        f'<!DOCTYPE html> <html prefix="og: http://ogp.me/ns#" lang="en-US">\n<head> {head_of(title, url, title)} {chrome.icons()} '
        f'{chrome.style_sheet()} {chrome.script(3_000, "shell")} </head>\n<body id="body"> '
        f'<a href="//www.1001tracklists.com" id="topLogo"><span title="1001Tracklists Logo"></span></a> {body} </body>\n</html>\n'
    )


def _form(head: SetHead, words: str, inner: str) -> str:
    return (
        f'<div class="c mt20 flex"> <form action="{head.path}" method="POST" autocomplete="off"> <h1 class="fontL flex c"> '
        f'<div class="loader spR"><div></div><div></div></div> {words} </h1> <div class="cRow" style="row-gap: 5px"> <h1>{_SUBMIT}</h1> '
        f'</div> <input type="hidden" name="captcha" value="1"> {inner} </form> </div> <script>var aYmDemo=\'3aa80416\';'
        "if (typeof aYmDemo != 'undefined') {const f=document.forms[0];let i=document.createElement('input');i.type='hidden';i.name='ts';"
        "i.value= 1684931070;f.appendChild(i);i=document.createElement('input');i.type='hidden';i.name='bChk';"
        f"i.value= aYmDemo.toLowerCase();f.appendChild(i);}}</script> {_NO_SCRIPT}"
    )


def _wait(head: SetHead) -> tuple[int, str, str]:
    return 200, head.title, _form(head, "Please wait, you will be forwared to the wanted page", "")


def _turnstile(head: SetHead) -> tuple[int, str, str]:
    # the real page loads Cloudflare's script; a demo page names a host that cannot exist
    inner = '<div id="turnstile-container"></div> <script src="https://challenges.demo.invalid/turnstile/v0/api.js?onload=onTurnstileLoad" defer></script>'
    return 206, GENERIC_TITLE, _form(head, "Please wait, you will be forwarded to the requested page", inner)


def _ip_limit(head: SetHead) -> tuple[int, str, str]:
    return 200, GENERIC_TITLE, (
        '<h1 class="h1">Your IP or guest/user account has been limited due to overuse. Your IP is 192.0.2.1.<br> If you are a user of '
        "tor or other anonymity networks please try a normal connection instead.<br></h1> "
        '<form method="post" action="/info/unblock_ip.html"><div class="cRow f" style="row-gap: 5px"> '
        '<h1 class="fontL"> Fill out the captcha to unblock your IP! </h1> <img src="data:png;base64,iVBORw0KGgo=" alt="Captcha"> '
        '<input type="text" name="captcha" id="captcha"> </div></form>'
    )  # fmt: skip


def _captcha(head: SetHead) -> tuple[int, str, str]:
    return 401, GENERIC_TITLE, (
        f'<form method="post" action="{head.path}"><div class="cRow f"> <h1 class="fontL"> We need to validate your are real human! </h1> '
        '<img src="data:png;base64,iVBORw0KGgo=" alt="Captcha"> <input type="text" name="captcha" id="captcha"> '
        '<input type="hidden" name="cSalt" id="cSalt" value="5f1d"> <button type="submit">Submit</button> </div></form>'
    )  # fmt: skip


def _decoy(demo: DemoSet) -> str:
    """Make a whole, well-formed page whose rows show other artists than their own names and links say."""
    rng = seeded("decoy", demo.head.set_id)
    rows = [
        replace(row, credit=replace(row.credit, stranger=f"{names.artist(rng)} {rng.randrange(99)}"))
        if row.credit
        else row
        for row in demo.rows
    ]
    return page_of(replace(demo, rows=rows))


def _hit(head: SetHead) -> str:
    title = escape(head.title.removesuffix(f" {head.played.isoformat()}"))
    return (
        f'<div class="bItm action oItm" data-id="{head.set_id}" id="{head.set_id}"><div class="bCont"><div class="bTitle" '
        f'onclick="cancelBubble();"><a href="{head.path}" class="">{title}</a></div></div><div class="mediaRow iRow">'
        f'<div class="badge views" title="tracklist views" data-count="6.2k"></div><div title="tracklist date">{head.played.isoformat()}</div>'
        '<div title="IDed tracks / total tracks">26/28</div><div title="play time">1h 28m </div>'
        f'<div title="musicstyle(s)">{escape(", ".join(head.genres))}</div></div></div> '
    )
