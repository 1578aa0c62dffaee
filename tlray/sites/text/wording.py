"""Words by which a line of prose, a heading, a link or a credit is told from a track, in the languages that descriptions use."""

from __future__ import annotations

import re
import unicodedata

VERSION = re.compile(
    r"\b(?:(?:re)?mix(?:es|ed)?|rmx|edit|re-?edit|version|vers\.|dub|bootleg|re-?work(?:ed)?|re-?fix|"
    r"re-?touch|remake|flip|vip|mash-?up|"
    r"instr(?:umental|\.)?|acc?apell?a|original|extended|radio|club|vocal|live|remaster(?:ed)?|reprise|"
    r"interlude|intro|outro|cover|"
    r"feat\.?|ft\.?|featuring|prod\.?|re-?interpretation|re-?construction|rendition|session|demo|unreleased|"
    r"freestyle|tool|part|pt\.?|"
    r"free|bpm|premiere|exclusive|forthcoming|promo|preview|from|ost|vol\.?|clip|loop|touch|take|reboot|"
    r"revisit|rub|blend|refreak|perspective|variation|explicit|"
    r"clean|dirty|skit)\b",
    re.IGNORECASE,
)
"""In a bracket: which version it is, and no label."""

_TRACKLIST = (
    r"track(?:s|ed)?\s*[-_]?\s*list(?:e|a|ing|ings|s)?|set\s*[-_]?\s*list(?:e|a|s)?|play\s*[-_]?\s*list(?:e|a|"
    r"s)?|track\s*ids?|time\s*stamps?|"
    r"time\s*codes?|track\s*names?|song\s*list|list\s+of\s+(?:tracks|songs)|titelliste|lista\s+de\s+(?:temas|"
    r"canciones|músicas)|track\s*listado|"
    r"tracklijst|nummerlijst|liste\s+des\s+(?:titres|morceaux)|lista\s+(?:utworów|brani|piese|piosenek)|"
    r"seznam\s+skladeb|zoznam\s+skladieb|számlista|dallista|låtlist[ae]|sporliste|sangliste|kappalelista|biisilista|"
    r"(?:parça|şarkı|çalma)\s+listesi|λίστα(?:\s+κομματιών|\s+τραγουδιών)?|список\s+(?:треков|песен|композиций|трек[іи]в|пісень)|"
    r"قائمة\s+(?:الأغاني|التشغيل)|רשימת\s+(?:שירים|השמעה)|播放列表|播放清單|曲目清单|รายชื่อเพลง|เพลย์ลิสต์|"
    r"тре[кй]\s*-?\s*лист|плей\s*-?\s*лист|トラックリスト|セットリスト|曲目|曲リスト|歌单|曲目列表|트랙\s*리스트"
)
_NAMES_LIST = re.compile(rf"(?:^|[^\w/.@#-])(?:{_TRACKLIST})(?![\w/]|\.\w)", re.IGNORECASE)
_NAMES_LIST_SHORTLY = re.compile(
    r"^\W*(?:tracks?|tunes|songs?|music|titles?|titel|history|the\s+set|selection|selectors?\s+cuts|musik|"
    r"canciones|temas|трек[иі]|tl|ids)\W*$",
    re.IGNORECASE,
)
_NOT_HERE = re.compile(
    r"\b(?:find|get|check|see|read|full|complete|available|comments?|soon|request|dm|"
    r"below the)\b.{0,40}\b(?:at|on|in|here|via|soon|link|click|visit)\b|\bno tracklist\b",
    re.IGNORECASE,
)

LINK = re.compile(
    r"https?:/|www\.|(?<![\w@])(?:[\w-]{1,63}\.){1,4}(?:com|net|org|fm|co|ly|me|tv|io|gl|link|app|de|fr|uk|nl|"
    r"ru|be|es|it|eu|site|shop|"
    r"store|live|art|bio|page|to|ee|gg|ac|us|ca|ch|at|pl|jp|dj|club|online|info|music|radio|info)(?:/[^\s\])]|"
    r"(?=[\s\])]|$))",
    re.IGNORECASE,
)
_URL_AT_END = re.compile(r"(?<![\s(\[:|>→-])[\s(\[:|>→-]*(?:https?://|www\.)\S{1,500}$", re.IGNORECASE)

_CREDITED = re.compile(
    r"^\W*(?:facebook|fb|instagram|insta|ig|sound\s?cloud|sc|spotify|beatport|twitter|x|threads|tik\s?tok|"
    r"you\s?tube|yt|mix\s?cloud|band\s?camp|"
    r"apple(?: music)?|deezer|tidal|amazon|patreon|discord|telegram|twitch|vk|vkontakte|web(?:site|page)?|"
    r"homepage|official|url|e?-?mail|contact|"
    r"kontakt|booking(?:s)?|bookings?\b.{0,30}|management|mgmt|press|promo(?:tion)?|demos?|follow\b.{0,40}|"
    r"subscribe\b.{0,40}|like\b.{0,20}|share\b.{0,20}|support|"
    r"donate|merch|shop|store|buy\b.{0,30}|pre-?order\b.{0,30}|stream\b.{0,30}|download\b.{0,30}|"
    r"listen\b.{0,40}|watch\b.{0,30}|out now\b.{0,20}|art\s?work|cover(?: art)?|photo(?:s|graphy|graph)?|"
    r"video|visuals?|camera|film(?:ed)?|director|edit(?:ed|or)?|design|graphics?|mastering|mastered|mixing|"
    r"mixed|recorded|recording|produced|"
    r"producer|hosted|host|presented|curated|curator|sponsor(?:ed)?|venue|location|address|where|when|date|"
    r"time|tickets?|genre|genres|style|"
    r"styles|tags?|label|bpm|tempo|duration|length|size|quality|bitrate|format|source|released?|release date|"
    r"catalog(?:ue)?|artists?|guests?|"
    r"dj|djs|show|radio(?: show)?|podcast|episode|ep|next|previous|info|more\b.{0,30}|note|ps|thanks\b.{0,30}|"
    r"credits|copyright|licen[cs]e|rss|itunes|audio|equipment|gear|"
    r"setup|mixer|decks?|turntables?|software|used|links?|dates?|tour\b.{0,20}|city|country|phone|tel|"
    r"residency|line\s?-?up)"
    r"\s*(?:[:：=|@→➜➡]|\s[-–—/]\s)",
    re.IGNORECASE,
)
_DONE_BY = re.compile(
    r"^\W*(?:written|produced|mixed|mastered|recorded|performed|directed|filmed|edited|designed|composed|"
    r"arranged|compiled|curated|hosted|"
    r"presented|artwork|"
    r"photo\w*|vocals?|video|words|text|lyrics|cover|logo|visuals)\b"
    r"[^-–—]{0,40}\bby\b[^-–—]*$",
    re.IGNORECASE,
)
_HANDLE = re.compile(r"^[^-–—:|]{1,60}(?:\s[-–—|]|:)\s*@[\w.-]+\W{0,3}$")
_GEAR = re.compile(
    r"\b\d+\s*(?:x\s*)?(?:decks?|mixers?|turntables?|cdjs?|channels?|players?|hours?|hrs?|min(?:ute)?s?|kbps|"
    r"bpm|mb|gb|khz)\b",
    re.IGNORECASE,
)
_PART = re.compile(
    r"^\W*(?:(?:(?:first|second|third|fourth|last|1st|2nd|3rd|4th|erste|zweite)\s+(?:hour|half|part|set|mix|"
    r"stunde))|(?:hour|part|pt|cd|disc|disk|side|set|"
    r"teil|stunde|heure|parte|hora|mix|episode|segment|chapter|section|act|room|deck|tape|vinyl|player|block|"
    r"session|час|часть)\W{0,3}(?:\d{1,2}|[a-h]|one|two|three|four|five|i{1,3}|iv)\b|"
    r"\d{1,2}\s?(?:am|pm)\b.{0,12}$|guest\s?(?:mix|set|dj)?|special guest|mixed by|mix by|"
    r"[\w' ]{1,30}guest mix|warm\s?-?up|opening set|"
    r"closing set|live set|encore|bonus|b2b|residents?\b)",
    re.IGNORECASE,
)
_OTHERS = re.compile(
    r"^\W*(?:previous|past|earlier|other|more|upcoming|next|also|related|recent|further|my other)\b",
    re.IGNORECASE,
)
_MARKED = re.compile(
    r"^(?:;+|#{1,6}\s|={2,}|\*{1,3}|_{2,}|<|【|~{1,3}|-{2,}|—|/{2,}|>{1,3}\s|•\s?•)|[:：]\W*$"
)
_RULE = re.compile(r"[\W_]{2,}")
_PROSE_END = re.compile(
    r"\b(?!(?:feat|pres|prod|orig|inst|instr|vocs|perf|jnr|vol|part)\b)[a-zäöüß]{3,}\.(?:\s|$)"
)


_NOTE_CHARS = 60


def names_tracklist(line: str) -> bool:
    """True if the line announces a tracklist and is no sentence about one somewhere else."""
    if not line.isascii():
        line = unicodedata.normalize("NFKC", line)  # letters of mathematics, which look bold
    if len(line) > 80 and not line.rstrip(" :-–—*_=>↓⬇👇🔽\ufe0f").lower().endswith(
        ("tracklist", "tracklisting", "track list", "setlist", "playlist")
    ):
        return False
    if _NAMES_LIST_SHORTLY.match(line):
        return True
    if not _NAMES_LIST.search(line) or LINK.search(line):
        return False
    return (len(line.split()) <= 8 and not _NOT_HERE.search(line)) or line.endswith(
        (":", "：", "↓", "⬇", "👇")
    )


def is_plain_head(line: str) -> bool:
    """True if a heading says ``tracklist`` or a like word, not only ``Music``."""
    return bool(_NAMES_LIST.search(line))


def is_link(line: str) -> bool:
    """True if a line without number and time is a link, or says where something can be found."""
    return bool(LINK.search(line))


def without_url(text: str) -> str:
    """Return ``text`` without a URL at its end."""
    return _URL_AT_END.sub("", text) if "://" in text or "www." in text.lower() else text


def without_note(text: str) -> str:
    """Return ``text`` without a long sentence in brackets at its end: what the writer thinks of the track."""
    if len(text) < _NOTE_CHARS or not text.endswith(")"):
        return text
    depth = 0
    for at in range(len(text) - 1, 0, -1):
        depth += (text[at] == ")") - (text[at] == "(")
        if depth == 0:
            is_note = len(text) - at > _NOTE_CHARS and len(text[at:].split()) > 10
            return text[:at].rstrip() if is_note and text[:at].strip() else text
    return text


def is_credit(line: str) -> bool:
    """True if the line says who did something, or where somebody can be found: ``Artwork - X``, ``6 Decks - 2 Mixers``."""
    return (
        bool(_CREDITED.match(line))
        or bool(_DONE_BY.match(line))
        or bool(_HANDLE.search(line))
        or len(_GEAR.findall(line)) >= 2
    )


def is_part(line: str) -> bool:
    """True if the line names a part of a set: ``Hour 2``, ``Guest Mix - X``."""
    return bool(_PART.match(line))


def is_about_others(line: str) -> bool:
    """True if a heading is that of a list of other things: ``Previous episodes:``."""
    return bool(_OTHERS.match(line))


def is_marked(line: str) -> bool:
    """True if a line is written as a heading is: ``;Part 2``, ``== X ==``, ``Hour 1:``."""
    return bool(_MARKED.search(line))


def is_rule(line: str) -> bool:
    """True if a line has no word: ``-----``, ``***``."""
    return bool(_RULE.fullmatch(line)) and "?" not in line


def is_prose(line: str) -> bool:
    """True if a line is a sentence, not a name."""
    n_words = len(line.split())
    return n_words > 28 or (n_words > 9 and bool(_PROSE_END.search(line)))
