"""A parser of robots.txt for one crawler: groups and paths by RFC 9309 and Google's published parser, and the crawl-delay.

A crawl-delay or request-rate is no part of RFC 9309, so such a line ends no group of allow and disallow lines (§2.2.4); for the
delay itself it does. Google's parser is https://github.com/google/robotstxt; if it differs from the RFC about a path, the
stricter one counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit

from tlray.core.model.urls import normalise_escapes
from tlray.core.politeness.retry_after import MOST_S

MAX_LINE_CHARS = 8 * 2_083 - 1
"""The rest of a longer line is not read; Google's parser has the same bound."""
_LINE_END = re.compile(r"\r\n|\r|\n")
_SPACE = " \t\v\f"
_TOKEN = re.compile(r"[A-Za-z_-]*")
_ESCAPE = re.compile(r"%[0-9A-Fa-f]{2}")
_PLAIN = re.compile(r"[A-Za-z0-9/._~-]*")
_NOT_ASCII = re.compile(r"[^\x00-\x7f]+")
_DELAY = re.compile(
    r"\+?((?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)\s*(?:s|secs?|seconds?)?", re.ASCII | re.IGNORECASE
)
_REQUEST_RATE = re.compile(r"(\d+)\s*/\s*(\d+)\s*([smh]?)(?:\s+\d{4}\s*-\s*\d{4})?", re.ASCII | re.IGNORECASE)
_UNIT_S = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3_600.0}
_KEYS = {
    "user-agent": ("user-agent", "useragent", "user agent"),
    "allow": ("allow",),
    "disallow": ("disallow", "dissallow", "dissalow", "disalow", "diasllow", "disallaw"),
    "crawl-delay": ("crawl-delay", "crawldelay", "crawl delay"),
    "request-rate": ("request-rate", "requestrate", "request rate"),
}
"""Each key, with the typing errors that count as it; longer words with this beginning count, too."""


class _Pattern:
    """A path with ``*`` (anything) and a last ``$`` (its end), matched in one pass.

    ``%2A`` and ``%24`` are the characters themselves (RFC 9309 §2.2.3).
    """

    __slots__ = ("_first", "_is_whole", "_last", "_rest", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self._is_whole = text.endswith("$")
        self._first, *rest = (_literal(piece) for piece in text.removesuffix("$").split("*"))
        self._last = rest.pop() if self._is_whole and rest else None
        self._rest = tuple(rest)

    def matches(self, path: str) -> bool:
        """True if a path (from `_literal`) matches."""
        if not path.startswith(self._first):
            return False
        place = len(self._first)
        for piece in self._rest:
            found = path.find(piece, place)
            if found < 0:
                return False
            place = found + len(piece)
        if self._last is not None:
            return path.endswith(self._last) and len(path) - len(self._last) >= place
        return not self._is_whole or place == len(path)


@dataclass(frozen=True, slots=True)
class _Rule:
    is_allow: bool
    written: _Pattern
    """As written, with escapes in capitals."""
    normal: _Pattern
    """Without unneeded escapes (RFC 9309 §2.2.2)."""

    def matches(self, path: str, normal_path: str) -> bool:
        """True if the rule matches a path. An *allow* matches no more than with Google's parser."""
        pattern = self.written if self.is_allow else self.normal
        if pattern.matches(normal_path):
            return True
        is_same = self.normal is self.written and path is normal_path
        return not is_same and self.written.matches(path)


@dataclass(slots=True)
class _Group:
    rules: list[_Rule] = field(default_factory=list)
    delays_s: list[float] = field(default_factory=list)


class RobotsFile:
    """One robots.txt, for the crawler with the product token ``agent``."""

    def __init__(self, text: str, agent: str) -> None:
        groups = {agent.lower(): _Group(), "*": _Group()}
        named: set[str] = set()
        here: dict[bool, set[str]] = {True: set(), False: set()}
        """The crawlers of the group that is being read: for its delay (True), and for its paths."""
        is_closed = {True: False, False: False}
        for key, value in _lines(text):
            if key == "user-agent":
                for kind, closed in is_closed.items():
                    if closed:
                        here[kind], is_closed[kind] = set(), False
                    here[kind] |= {_token(value)} & groups.keys()
                named |= here[False]
                continue
            is_pace = key in ("crawl-delay", "request-rate")
            is_closed[True] = True
            is_closed[False] |= not is_pace
            who = here[is_pace] - {"*"} or here[is_pace]  # a group for us and for all is ours
            for group in (groups[name] for name in who):
                if is_pace:
                    group.delays_s += _delay_s(key, value)
                else:
                    group.rules += _rules(key == "allow", value)
        ours = groups[agent.lower() if agent.lower() in named else "*"]
        # the longest first; an allow before a disallow of the same length
        self._rules = sorted(ours.rules, key=lambda rule: (-len(rule.written.text), not rule.is_allow))
        self.crawl_delay_s = min(max(ours.delays_s), MOST_S) if ours.delays_s else None
        """Seconds between fetches: the slowest of the group, or None."""

    def may_fetch(self, url: str) -> bool:
        """Return the most specific rule's verdict on an escaped URL; True without one."""
        parts = urlsplit(url)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        if _PLAIN.fullmatch(path):  # most paths
            normal_path = path
        else:
            path, normal_path = _literal(_escaped(path)), _literal(normalise_escapes(path))
        return next((rule.is_allow for rule in self._rules if rule.matches(path, normal_path)), True)


def _lines(text: str) -> Iterator[tuple[str, str]]:
    """Yield the keys that are known, in lower case, with their values."""
    for line in _LINE_END.split(text):
        content = line[:MAX_LINE_CHARS].partition("#")[0].strip(_SPACE)
        key, colon, value = content.partition(":")
        if not colon:  # a missing colon, if nothing else can be meant
            words = content.split()
            key, value = words if len(words) == 2 else ("", "")
        key = key.lower().strip(_SPACE)
        known = next((name for name, spellings in _KEYS.items() if key.startswith(spellings)), None)
        if known is not None:
            yield known, value.strip(_SPACE)


def _token(value: str) -> str:
    """Return the product token of a user-agent line, in lower case; ``*`` for all crawlers."""
    if value == "*" or (value.startswith("*") and value[1].isspace()):
        return "*"
    found = _TOKEN.match(value)
    return found[0].lower() if found else ""


def _rules(is_allow: bool, value: str) -> list[_Rule]:
    """Return the rules of a line; none for an empty value."""
    if not value:
        return []
    patterns = [_escaped(value)]
    folder, slash, name = patterns[0].rpartition("/")
    if is_allow and slash and name.startswith("index.htm"):
        patterns.append(f"{folder}/$")  # a folder's index is the folder
    rules = []
    for text in patterns:
        pattern, normal = _Pattern(text), normalise_escapes(text)
        rules.append(_Rule(is_allow, pattern, pattern if normal == text else _Pattern(normal)))
    return rules


def _delay_s(key: str, value: str) -> list[float]:
    """Return the delay of a line, in seconds; none for anything but a positive number."""
    if key == "crawl-delay":
        found = _DELAY.fullmatch(value)
        seconds = float(found[1]) if found else 0.0
    else:
        rate = _REQUEST_RATE.fullmatch(value)
        n_pages = float(rate[1]) if rate else 0.0  # floats, because a number may have any length
        seconds = float(rate[2]) * _UNIT_S[rate[3].lower()] / n_pages if rate and n_pages else 0.0
    return [min(seconds, MOST_S)] if seconds > 0 else []


def _escaped(text: str) -> str:
    """Escape what is not ASCII, and write escapes in capitals."""
    text = _NOT_ASCII.sub(lambda found: quote(found[0], errors="replace"), text)
    return _ESCAPE.sub(lambda found: found[0].upper(), text)


def _literal(text: str) -> str:
    return text.replace("%2A", "*").replace("%24", "$") if "%2" in text else text
