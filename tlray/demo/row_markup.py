# ruff: noqa: E501 - markup stands here in lines as the site writes them
"""The site's markup of one row of a set.

Class names, attributes and order are those of real pages, 2022 to 2026; the words are invented.
The name in the middle of it is `name_markup.py`'s.
"""

from __future__ import annotations

from html import escape
from urllib.parse import quote_plus

from tlray.demo.name_markup import content_markup
from tlray.demo.sets import DemoSet, Row, whole_name

_ICONS = (("video-camera", "YouTube", "13"), ("soundcloud", "SoundCloud", "10"), ("spotify", "Spotify", "36"),
          ("apple", "Apple Music", "2"), ("shopping-cart", "affiliate", "affiliate"))  # fmt: skip
_PLACEHOLDER = "https://cdn.1001tracklists.com/images/artworks/default_100.png"


def clock(seconds: int, generation: str) -> str:
    """Print a cue: ``1:18:22``, ``02:25``, and in the oldest pages ``2:25``."""
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    if hours:
        return f"{hours}:{minute:02d}:{second:02d}"
    return f"{minute}:{second:02d}" if generation == "G1" else f"{minute:02d}:{second:02d}"


def row_markup(demo: DemoSet, row: Row, parent_cue_s: int) -> str:
    """Mark up ``row``; ``parent_cue_s`` is the cue of the main row that it belongs to, or 0."""
    generation = demo.head.generation
    is_part = row.kind == "mashup_part"
    place = str(row.trno) if is_part else str(row.position_id)
    return (
        f'<div id="tlp_{place}" class="{_classes(row)}" data-trno="{row.trno}" data-id="{place}"{_flags(row, generation)} '
        f"onclick=\"rowToggle('{'tlpSub' if is_part else 'tlp'}', event);\"> {_artwork(row)} "
        f'<div class="bPlay"> {_play_box(demo, row, place, parent_cue_s)} </div> '
        f'<div class="bCont tl"> {content_markup(row, generation)} {_ider(row)} <div class="flex mt5">{_watchers(row, place)}</div> </div> '
        f"{_media_row(demo, row, place)} "
        f'<div class="bBtns"> </div> <div class="fa fa-bars action mBtn interaction" aria-haspopup="true" '
        f'onclick="new EditMenu(event, {{ id: {place}, pos: {row.trno} }});"></div> </div>\n'
    )


def _classes(row: Row) -> str:
    if row.kind == "mashup_part":
        return f"tlpSubTog bItm tlpItem trRow{row.number} con tgHid subPos{row.number}"
    extra = " con" if row.kind == "with" else " subPosTog" if row.n_parts else ""
    return f"tlpTog bItm tlpItem trRow{row.number}{extra}"


def _flags(row: Row, generation: str) -> str:
    if row.kind == "mashup_part":
        return ' data-mashpos="true"'
    flags = ""
    if row.identity == "identified":
        flags += ' data-isided="true"'
    if row.identity == "id" and generation != "G1":
        flags += ' data-isid="true"'
    if row.track_id:
        flags += f' data-trackid="{row.track_id}"'
    if row.n_parts and generation != "G1":
        flags += f' data-mashup="{row.n_parts}" data-subpos="true"'
    return flags


def _artwork(row: Row) -> str:
    if row.artwork_url is None or row.credit is None:
        return f'<img src="{_PLACEHOLDER}" alt="artwork placeholder" class="artM" width="100" height="100">'
    alt = escape(f"{row.credit.artists[0]} {row.credit.title} Artwork")
    return (f'<img data-src="{row.artwork_url}" src="/images/static/empty.png" class="artwork artM" width="100" height="100" '
            f'alt="{alt}">')  # fmt: skip


def _play_box(demo: DemoSet, row: Row, place: str, parent_cue_s: int) -> str:
    generation = demo.head.generation
    if row.kind == "mashup_part":  # the oldest pages copy the mashup's time into the hidden field
        hidden = parent_cue_s if generation == "G1" else 0
        return f'<input id="tlp{row.trno}_cue_seconds" type="hidden" value="{hidden}" form=frmEditTracklist>'
    number = f"{row.number:02d}" if row.kind == "main" else "w/"
    hint = ' title="played together with previous track"' if row.kind == "with" else ""
    player = demo.recordings[row.player - 1].media_id if demo.recordings else ""
    small = " small" if (row.cue_s or 0) >= 3600 else ""
    shown = "" if row.cue_s is None else clock(row.cue_s, generation)
    return (
        f'<input id="tlp{place}_cue_seconds" type="hidden" value="{row.cue_s or 0}" form=frmEditTracklist> '
        f'<span id="tlp{row.trno}_tracknumber_value" class="fontXL"{hint} > {number} </span> '
        f'<i class="fa fa-play-circle fa-28 blueTxt aIcon" id="tlp_play_{place}" title="play position" '
        f"onclick=\"playPosition(this, {{ idPos: '{place}', pos: {row.number}, cue: '{row.cue_s or 0}', idPlayer: '{player}', "
        f"idPlayerSource: '{'13' if player else ''}' }} );\"></i> "
        f'<div id="cue_{place}" class="cue{small} noWrap action mt5" data-mode="hours" onclick="toggleCue(event);">{shown}</div>'
    )


def _ider(row: Row) -> str:
    if row.credit is None or row.kind == "mashup_part":
        return ""
    user = f"user{row.position_id % 97}"
    plays = f'<span class="pcTr{row.media_id}"></span>' if row.media_id else "<span>2</span>"
    return (
        '<div class="wRow halfOpacity mt5"> <span class="badge playC" title="total tracklist plays"> '
        f'<i class="fa fa-play-circle-o spR"></i> {plays} </span> <i class="fa fa-user fa-16"></i> '
        f'<span class="spL flex noWrap" title="IDer of this track"> {user} <span class="spL noMob">({row.position_id % 900 / 10}k)</span> '
        f'<span title="open user page" class="tgHid"> <a href="/user/{user}/index.html" title="open user page" target="_blank">'
        '<i class="fa fa-external-link fa-lg linkIcon"></i></a> </span> </span> </div>'
    )


def _watchers(row: Row, place: str) -> str:
    if row.credit is not None:
        return ""
    return (
        f'<span class="badge mr10 hO" id="wID_{place}" title="Number of users watching this ID"><i class="fa fa-bell spR"></i>59</span>'
        '<span class="badge badgeSpotify mAction noUser notranslate mr10" title="pre-save this track" translate="no" '
        f'onclick="new Spotify(event, {{ idTLP: {place} }}).save();"><i class="fa fa-spotify spR"></i><span>Pre-Save 49</span></span>'
    )


def _media_row(demo: DemoSet, row: Row, place: str) -> str:
    if row.credit is None:
        return ""
    item, kind, attribute = (row.media_id, 5, "trackid") if row.media_id else (place, 8, "tlp")
    icons = ""
    for n, (icon, name, source) in enumerate(_ICONS):
        if (row.position_id >> n) % 7 == 6:
            icons += f'<i class="fa fa-24 fa-{icon} mIcon" title="{name} players"></i> '
        else:
            icons += (
                f'<i class="mAction fa colorized fa-24 fa-{icon}" title="open {name} player" onclick="cancelBubble(); '
                f"new MediaViewer(this, null, {{idObject: {kind}, idItem: {item}, idSource: '{source}', viewSource: 1, "
                f'viewItem: {demo.numeric_id} }} );"></i> '
            )
    heart = (
        f'<i class="fa fa-heart fa-24 noUser mAction aHover favTr{row.track_id}" title="add to favorite tracks" onclick="cancelBubble(); '
        f"new UserItem(this, 'tr', {{ idTrack: '{row.track_id}' }} ).add();\"></i> "
    ) if row.track_id else ""  # fmt: skip
    return (
        f'<div class="iRow grow mediaRow" data-{attribute}="{item}"> {icons}'
        f'<i class="fa fa-plus-circle fa-24 noUser mAction hOO" title="add media link" onclick="cancelBubble(); '
        f"new MediaSubmitter(this, 'add_media', null, {{ idObject: {kind}, idItem: {item} }} );\"></i> "
        f'<span class="badge badgeSpotify noUser psSpotify{item} notranslate" translate="no" onclick="cancelBubble(); '
        f'new Spotify(this, {{ idTrack: {item} }}).save();"> <i class="fa fa-spotify mA spR"></i> <span>Save {row.position_id % 400}</span> </span> '
        f'{heart}<a href="https://www.google.com/search?q={quote_plus(whole_name(row.credit))}" target="_blank" '
        'rel="noopener noreferrer" class="inlineFlex noWrap mAction" title="search the web via Google">'
        '<i class=" fa fa-24 fa-search mA"></i></a> </div>'
    )
