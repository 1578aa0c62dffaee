"""Tables of tracks whose columns a user chose: which column is which, in the languages of the programs that write them."""

from __future__ import annotations

from collections.abc import Sequence

from tlray.sites.fields import clean

COLUMNS = {
    "title": (
        "track title", "title", "name", "song", "track", "titel", "titre", "título", "titolo", "tracktitel", "track-titel",
        "titre du morceau", "título de la pista", "título de pista", "título da faixa", "titolo traccia", "titolo del brano",
        "название", "название трека", "トラックタイトル", "曲名", "タイトル", "曲目标题", "标题", "曲目標題", "標題", "歌曲名",
        "트랙 제목", "트랙 타이틀", "제목", "곡명", "parça adı",
    ),
    "artist": (
        "artist", "artists", "interpret", "künstler", "artiste", "artista", "artiest", "исполнитель", "артист", "アーティスト",
        "艺术家", "艺人", "藝人", "演出者", "아티스트", "sanatçı",
    ),
    "mix": ("mix name", "mix-name", "nom du mix", "nombre de la mezcla", "ミックス名"),
    "label": ("label", "sello", "etichetta", "selo", "лейбл", "レーベル", "唱片公司", "厂牌", "레이블"),
    "genre": ("genre", "género", "genere", "gênero", "жанр", "ジャンル", "流派", "类型", "類型", "장르"),
    "length": (
        "time", "length", "duration", "zeit", "dauer", "durée", "temps", "tiempo", "duración", "tempo", "durata", "duração",
        "duur", "время", "длительность", "時間", "再生時間", "时间", "时长", "時間長度", "시간",
    ),
    "start": ("start time", "start", "startzeit", "heure de début", "hora de inicio", "開始時間", "开始时间"),
    "played": ("playtime", "play time", "spielzeit", "durée de lecture"),
    "deck": ("deck",),
}  # fmt: skip
_KEY_OF = {name: key for key, names in COLUMNS.items() for name in names}


def places_of(header: Sequence[str]) -> dict[str, int]:
    """Return where each known column stands; the first one of a meaning counts."""
    places: dict[str, int] = {}
    for place, name in enumerate(header):
        key = _KEY_OF.get(clean(name).casefold())
        if key is not None:
            places.setdefault(key, place)
    return places


def cell(row: Sequence[str], places: dict[str, int], key: str) -> str:
    """Return a cell on one line; "" where the table, or the row, has none."""
    place = places.get(key, len(row))
    return clean(row[place]) if place < len(row) else ""


def length_s(text: str) -> float | None:
    """Return seconds of ``04:56``, ``1:04:56``, ``00:03:15.50``; None for what is no length."""
    parts = text.split(":")
    if not 2 <= len(parts) <= 3:
        return None
    try:
        numbers = [int(part) for part in parts[:-1]] + [float(parts[-1].replace(",", "."))]
    except ValueError:
        return None
    if any(number < 0 or number >= 6_000 for number in numbers):
        return None
    seconds = 0.0
    for number in numbers:
        seconds = seconds * 60 + number
    return seconds or None
