# ruff: noqa: E501 - markup stands here in lines as the site writes them
"""The page's players: embedded recordings of the set.

A tab for each source (YouTube, SoundCloud, Apple Music), in it a box for each recording, ``Player 1``, ``Player 2`` ….
"""

from __future__ import annotations

from tlray.demo.row_markup import clock
from tlray.demo.sets import DemoSet, Recording

_SOURCES = {13: "YouTube", 10: "SoundCloud", 2: "Apple Music"}


def players(demo: DemoSet) -> str:
    """Mark up the box of media above the tracks."""
    if not demo.recordings:
        return '<div class="mItems border rB"> <div class="noUser">No media links found.</div> </div>'
    tabs = [demo.recordings] + ([demo.others] if demo.others else [])
    bar = "".join(
        f'<div class="tBtn mediaTab"> <span class="mediaTabTxt spL">{_SOURCES[tab[0].source]}</span> </div> '
        for tab in tabs
    )
    return (
        f'<div class="mItems border rB"> <div class="mTabH bB mA"> Tracklist Media Links </div> <div class="tBar bB"> {bar}</div> '
        f"{''.join(_tab(demo, tab, is_first=n == 0) for n, tab in enumerate(tabs))}</div>"
    )


def _tab(demo: DemoSet, tab: list[Recording], *, is_first: bool) -> str:
    source = tab[0].source
    buttons, boxes = "", ""
    for n, recording in enumerate(tab, start=1):
        number = 4_000_000 + demo.numeric_id * 20 + source % 10 * 2 + n
        hidden = "" if is_first and n == 1 else "hidden "
        buttons += (
            f'<li class="tBtn mediaTab{source} {"active" if n == 1 else ""}" id="mediaLinkBtn{number}" '
            f"onclick=\"openTab(this, 'mediaTab{source}', 'mediaLink{number}')\"> Player {n} [{clock(recording.duration_s, 'G2a')}] </li> "
        )
        boxes += (
            f'<div id="mediaLink{number}" data-idmedia="{number}" data-idsource="{source}" class="mediaLink {hidden}mediaItem{recording.media_id}"> '
            f'<div id="mediaLink{number}_player" class="p5 c iMediaP media{source}"> {_embedded(recording, number)} </div> </div> '
        )
    return f'<div id="mediaTab{source}" class="mediaTabItm {"" if is_first else "hidden"}" > <ul class="tBar bB"> {buttons}</ul> {boxes}</div> '


def _embedded(recording: Recording, number: int) -> str:
    media = recording.media_id
    if recording.source == 2:
        return f'<iframe loading="lazy" height="500" width="100%" src="https://embed.music.demo.invalid/album/demo/{media}" class=" mediaPlayer"></iframe>'
    if recording.source == 10:
        return (
            f'<script> iFrameBuffer.push([\'mediaLink{number}_player\', \'<div class="f p5" id="scDiv_{number}"><iframe id="scWidget_{media}" '
            f'class="scWidget1 full " src="https://w.soundcloud.demo.invalid/player/?url=tracks/{media}"></iframe></div>\' , function() {{ '
            f'audioPlayers[audioPlayers.length] = new AudioPlayerSC("scWidget_{media}", {{ idPlayer: "{media}", type: "soundcloud", '
            f'source: "demo", duration: "{recording.duration_s}" }});}} ]); </script>'
        )
    minutes, seconds = divmod(recording.duration_s, 60)
    return (
        f'<div itemprop="video" itemscope itemtype="https://schema.org/VideoObject" class="p5"><meta itemprop="duration" content="PT{minutes}M{seconds}S">'
        f'<meta itemprop="name" content="YouTube video"><meta itemprop="embedUrl" content="https://www.youtube.com/embed/{media}">'
        f'<div id="ytWidget_{media}" class="ytWidget1 mediaPlayer"></div></div> <script>jsbuffer.push([\'ready\', function() {{ '
        f'ytPlayer = new Object(); ytPlayer.idPlayer = "{media}"; ytPlayer.cue = "0"; ytPlayer.source = "UCdemo"; '
        f'ytPlayer.duration = "{recording.duration_s}"; ytPlayers[ytPlayers.length] = ytPlayer; }}]);</script>'
    )
