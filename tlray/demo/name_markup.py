# ruff: noqa: E501 - markup stands here in lines as the site writes them
"""The site's markup of a track's name, label and metas.

The same facts stand in a row twice: in schema.org metas, and in spans with hidden links between the
words. ``G1`` prints all artists in one span and the label's plain name as publisher; later ages give
each artist a span of its own and the publisher as escaped markup; ``G2b`` has short artist links.
"""

from __future__ import annotations

from html import escape

from tlray.demo.names import slug
from tlray.demo.sets import NAME_COLUMN, Credit, Label, Row, whole_name
from tlray.demo.truth import track_path

_OUT = '<i class="fa fa-external-link fa-lg spL"></i></a></span>'


def content_markup(row: Row, generation: str) -> str:
    """Mark up the named part of ``row``: metas, visible name, qualifiers, labels."""
    if row.credit is None:
        return (
            f'<div id="tlp{row.trno}_content" class="fontL" > <span class="trackValue notranslate redTxt" id="tr_{row.trno}"> '
            '<span class="notranslate redTxt" translate="no">ID</span><span class="notranslate redTxt" translate="no"> - </span>'
            '<span class="redTxt"><span translate="no" class="notranslate">ID</span></span> </span> </div>'
        )
    mashup = ' bootleg" title="mashup track' if row.n_parts else ""
    link = (
        '<i class="fa fa-link fa-lg lgrayTxt" title="mashup linked position"></i> '
        if row.kind == "mashup_part"
        else ""
    )
    is_mashed = row.n_parts or row.kind == "mashup_part"
    qualifiers = "".join(_qualifier(words) for words in row.qualifiers)
    return (
        f'<div id="tlp{row.trno}_content" class="fontL{mashup}" itemprop="tracks" itemscope '
        f'itemtype="http://schema.org/MusicRecording"> {_metas(row, row.credit, generation)} {link}'
        f'<span class="trackValue notranslate{" blueTxt" if row.track_id else ""}{" mashupTrack" if is_mashed else ""}" '
        f'id="tr_{row.track_id or row.trno}"> {_visible(row, row.credit, generation)} </span> {qualifiers}{_labels(row)}'
        f'<span title="copy track name" class="fa fa-copy fa-20 blueTxt action tgHid mA spL" '
        f"onclick=\"copyPaste($('#tlp{row.trno}_content'), {{ toTxt: true }});\"></span> </div>"
    )


def _metas(row: Row, credit: Credit, generation: str) -> str:
    main = credit.stranger or _joined(credit) + (f" ({credit.country})" if credit.country else "")
    metas = [("name", whole_name(credit)[-NAME_COLUMN:]), ("byArtist", main)]
    if row.labels:
        metas.append(
            ("publisher", row.labels[0].full if generation == "G1" else "/".join(map(_publisher, row.labels)))
        )
    if row.duration_s is not None:
        metas.append(("duration", "PT{}M{}S".format(*divmod(row.duration_s, 60))))
    metas += [("genre", genre) for genre in row.genres]
    path = track_path(row)
    if path:
        metas.append(("url", path))
    return "".join(f'<meta itemprop="{name}" content="{escape(value)}">' for name, value in metas)


def _joined(credit: Credit) -> str:
    return "".join(part for pair in zip(["", *credit.joiners], credit.artists, strict=True) for part in pair)


def _publisher(label: Label) -> str:
    def link(one: Label) -> str:
        return (f'<a href="/label/{one.page}/{slug(one.full)}/index.html" translate="no" class="notranslate " '
                f'title="open label page">{escape(one.short)}</a>')  # fmt: skip

    inner = f"{link(label)} ({link(label.parent)})" if label.parent else link(label)
    return f'<span class="blueTxt"><span title="label" class="trackLabel noWrap">{inner}</span></span>'


def _artist_link(name: str, generation: str, hint: str = "open artist page") -> str:
    href = (
        f"/artist/{slug(name)}/tracks.html"
        if generation == "G2b"
        else f"/artist/{len(name) * 7919:x}q/{slug(name)}/index.html"
    )
    return f'<span title="{hint}" class="tgHid spL"><a href="{href}" class="notranslate tgHid">{_OUT}'


def _visible(row: Row, credit: Credit, generation: str) -> str:
    if generation == "G1" or credit.stranger:
        whole = credit.stranger or _joined(credit)
        shown = f'<span class="notranslate blueTxt" translate="no">{escape(whole)}{_artist_link(whole, generation)}</span>'
    else:
        shown = ""
        for joiner, name in zip(["", *credit.joiners], credit.artists, strict=True):
            shown += f'<span class="spLR">{escape(joiner)}</span>' if joiner else ""
            shown += f'<span class="notranslate blueTxt" translate="no">{escape(name)}{_artist_link(name, generation)}</span>'
    if credit.featuring:
        shown += (
            f'<span class="notranslate" translate="no"> ft. {escape(" & ".join(credit.featuring))}</span>'
        )
    shown += '<span class="notranslate " translate="no"> - </span>'
    if row.identity == "id_title":
        return shown + '<span class="redTxt notranslate" translate="no">ID</span>'
    path = track_path(row)
    link = (f'<span title="open track page" class="tgHid spL"><a href="{path}" title="open track page" translate="no" '
            f'class="notranslate tgHid">{_OUT}') if path else ""  # fmt: skip
    shared = f" (Co-Prod. by {escape(credit.co_producer)})" if credit.co_producer else ""
    shown += f'<span class="blueTxt"><span translate="no" class="notranslate">{escape(credit.title)}{shared}</span>{link}</span>'
    if credit.remixer:
        shown += (
            f'<span class="notranslate" translate="no"> (<span class="blueTxt">{escape(credit.remixer)}</span>'
            f"{_artist_link(credit.remixer, generation, 'open remixer artist page')}"
            f'<span class="remixValue blueTxt">&nbsp;{escape(credit.mix or "")}</span>)</span>'
        )
    elif credit.mix:
        shown += f'<span class="notranslate" translate="no"> (<span class="remixValue blueTxt">{escape(credit.mix)}</span>)</span>'
    return shown


def _qualifier(words: str) -> str:
    if words == "(ID Remix)":
        return f'<span class="italic redTxt trackStatus spL notranslate" translate="no"> {words} </span> '
    return f'<span class="italic trackEditData spL">{escape(words)}</span> '


def _labels(row: Row) -> str:
    if not row.labels:
        return ""

    def link(label: Label) -> str:
        return (f'{escape(label.short)}<a href="/label/{label.page}/{slug(label.full)}/index.html" translate="no" '
                f'class="notranslate tgHid" title="open label page"><i class="fa fa-external-link fa-lg linkIcon"></i></a>')  # fmt: skip

    shown = '<span class="spL spR">/</span>'.join(
        f'<span title="label" class="trackLabel noWrap blueTxt">{link(label)}{f" ({link(label.parent)})" if label.parent else ""}</span>'
        for label in row.labels
    )
    return f'<span class="iBlock notranslate" id="tlp{row.trno}_labeldata" translate="no">{shown}</span> '
