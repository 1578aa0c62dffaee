# ruff: noqa: E501 - markup stands here in lines as the site writes them
"""Text rows between the tracks: headings, notes, suggestions of guests.

Headings divide the set. Notes and suggestions are no part of it; a suggestion even looks like a row.
"""

from __future__ import annotations

from html import escape

from tlray.demo.names import slug
from tlray.demo.sets import Row


def heading_row(row: Row) -> str:
    """Mark up the heading before ``row``: ``Player 2``, ``Guest Mix``."""
    words = row.heading or ""
    if words.endswith(" played:"):
        dj = words.removesuffix(" played:")
        link = f'<a href="/dj/{slug(dj)}/index.html" class="notranslate ">{escape(dj)}</a>'
        return (
            f'<div class="bItmH"> <span class="fRow"> {link} <span class="spL">played:</span> </span> </div> '
        )
    return f'<div class="bItmH flex"> <span class="breakAll " id="tlp{row.trno}_headtext_column"> {escape(words)} </span> </div> '


def note_row(note: str, row: Row, set_id: str) -> str:
    """Mark up one of the other text rows, by the name it has in `rows.py`."""
    if note == "identical":
        return '<div class="bItmH"> <i class="fa fa-recycle fa-24 greenTxt mA"></i><span>This tracklist contains identical tracklist(s) (parts)</span> </div> '
    if note == "incomplete":
        return (
            '<div class="bItmH"> <i class="fa fa-info-circle fa-24 mA"></i><span>Currently no (full) recording available, '
            "tracklist incomplete and track order might not be correct.</span> </div> "
        )
    if note == "add-video":
        return (
            '<div class="bItmH noUser interaction"> <div title="add missing live video" id="addvl_missing_live" class="hOO action iBlock" '
            f"onclick=\"new UserSuggest(this, {{ type:'add_videotrack', idTL: '{set_id}', idTLP: 1000 }} ).show();\"> "
            "Add a (live) video from this event for a track not listed here </div> </div>"
        )
    words, kind = (
        ("1:06:40", 14) if note == "suggested-cue" else ("Guest Nobody - Not This One (Wrong Mix)", 1)
    )
    return (
        f'<div id="sug_{row.position_id}" class="bItm con sugTog ntB tlp_{row.position_id}" data-nospam="true" data-pos="{row.trno}" '
        f'data-tlp="{row.position_id}" data-type="{kind}" data-user="39" onclick="rowToggle(\'sug\', event);"> <div class="bPlay"> '
        f'<i class="fa-24 fa fa-clock-o hO" title="suggestion"></i> </div> <div class="bCont tl"> <span class="small spR">correct value is</span> '
        f'<div class="fontL" id="sug{row.position_id}_value"><span class="italic">{words}</span></div> '
        '<div class="wRow hOO"><i class="fa fa-user fa-16 spR"></i><span>Guest</span></div> </div> <div class="bBtns tgHid"> </div> </div> '
    )
