"""Faults of the demo site: which page misbehaves, how, and for how long.

A fault is chosen by the set's id alone (a hash of seed and id against the shares), so a test can say
beforehand what every URL will do: ``Faults.of(set_id)``. A page has one fault or none. A fault with
``times=k`` goes away after ``k`` requests of that page (*transient*); with ``times=None`` it stays.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple


class _About(NamedTuple):
    does: str
    times: int | None
    """How many requests it spoils by default; None: all of them."""
    value: str = ""


CATALOGUE: dict[str, _About] = {
    "429": _About("429 with Retry-After in seconds (value)", 1, "1"),
    "429-date": _About("429 with Retry-After as an HTTP date, value seconds ahead (rounded up)", 1, "2"),
    "429-bare": _About("429 without Retry-After", 1),
    "503": _About("503 without Retry-After", 1),
    "503-retry-after": _About("503 with Retry-After in seconds (value)", 1, "1"),
    "500": _About("500 with a short HTML body", 1),
    "502": _About("502 with an empty body", 1),
    "slow": _About("the right page, value seconds late (`0.5`, or `0.1-3` evenly between)", None, "0.5"),
    "drip": _About("the right page, spread evenly over value seconds", None, "2"),
    "hang": _About("no answer at all; the connection stays open", 1),
    "hang-body": _About("headers and half of the body, then nothing; the connection stays open", 1),
    "reset": _About("connection reset (RST) instead of an answer", 1),
    "reset-body": _About("connection reset in the middle of the body", 1),
    "close": _About("connection closed instead of an answer", 1),
    "truncated": _About("closed after half of the Content-Length", 1),
    "gzip-cut": _About("a gzip stream cut in half, with a Content-Length that matches", 1),
    "gzip-bad": _About("Content-Encoding: gzip, but the body is plain", 1),
    "gzip-bomb": _About("2 MB on the wire that expand to value GB", None, "2"),
    "big-body": _About("value MB of HTML, uncompressed", None, "50"),
    "image": _About("a PNG instead of a page", None),
    "wrong-charset": _About("the right page, UTF-8, announced as iso-8859-1", None),
    "empty": _About("200 with an empty body", 1),
    "junk": _About("200 with a page of nothing in particular (the site's front page)", 1),
    "half": _About("the right page, broken off after half of its rows", 1),
    "redirect": _About("301 to the same page under another slug", None),
    "redirect-site": _About("302 to the same page on another site of the demo", None),
    "redirect-loop": _About("302 to itself, for ever", None),
    "redirect-chain": _About("value redirects in a row, then the page", None, "30"),
    "redirect-out": _About("302 to a host outside the demo (192.0.2.1, which cannot be reached)", None),
    "404": _About("404 with the site's page for what does not exist", None),
    "410": _About("410 with the same", None),
    "403": _About("403 with a short HTML body", None),
    "gone": _About("200 with the site's page for what does not exist", None),
    "wait": _About("the JavaScript wait page (2023), 200", 1),
    "turnstile": _About("the wait page with Turnstile (2026), 206", 1),
    "ip-limit": _About("the page that an overused address gets, 200", 1),
    "captcha": _About("the picture captcha, 401", 1),
    "decoy": _About("a well-formed page with wrong artists, 200", 1),
    "robots": _About("the right page, but robots.txt disallows it", None),
}
"""Every fault by name: what it does, how often by default, and its value."""

MIX = ("429", "503", "503-retry-after", "500", "slow", "reset", "truncated", "half", "empty", "404")
"""What a bare share means: ``0.1`` is a tenth of all pages, shared evenly among these."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One way to misbehave, and the pages that do."""

    name: str
    share: float = 0.0
    """Of all pages, 0..1; ``ids`` come on top."""
    ids: frozenset[str] = frozenset()
    times: int | None = None
    value: str = ""

    def __post_init__(self) -> None:
        if self.name not in CATALOGUE:
            raise ValueError(f"no fault is called {self.name!r}; there are: {', '.join(CATALOGUE)}")
        if not 0 <= self.share <= 1:
            raise ValueError(f"the share of {self.name} must lie between 0 and 1, not {self.share}")

    @property
    def seconds(self) -> float:
        """The value as a number."""
        return float(self.value)


_UNSET = -1


def fault(
    name: str,
    share: float = 0.0,
    *,
    ids: Iterable[str] = (),
    times: int | None = _UNSET,
    value: object = None,
) -> Fault:
    """Make a fault; ``times`` and ``value`` are the catalogue's unless given."""
    about = CATALOGUE.get(name)
    if about is None:
        return Fault(name)  # which says what is wrong
    return Fault(
        name=name,
        share=share,
        ids=frozenset(ids),
        times=about.times if times == _UNSET else times,
        value=about.value if value is None else str(value),
    )


@dataclass(frozen=True, slots=True)
class Faults:
    """The faults of a demo; the first that claims a page has it."""

    faults: tuple[Fault, ...] = ()
    seed: int = 1

    def of(self, set_id: str) -> Fault | None:
        """Return how the page of ``set_id`` misbehaves, if it does."""
        for one in self.faults:
            if set_id in one.ids:
                return one
        digest = hashlib.blake2b(f"{self.seed}/{set_id}".encode(), digest_size=8).digest()
        draw = int.from_bytes(digest, "big") / 2**64
        for one in self.faults:
            if draw < one.share:
                return one
            draw -= one.share
        return None


def parse_faults(text: str, *, seed: int = 1) -> Faults:
    """Read ``429=0.05,slow@0.1-2=0.2,reset:3=0.01``: name, ``@value``, ``:times`` (``:always``), share.

    A bare number is the share of the whole `MIX`.
    """
    faults = []
    for entry in filter(None, (part.strip() for part in text.split(","))):
        left, equals, share = entry.rpartition("=")
        if not equals:
            each = _share(entry, entry) / len(MIX)
            faults += [fault(name, each) for name in MIX]
            continue
        left, colon, times = left.partition(":")
        name, at, value = left.partition("@")
        spoiled = None if times == "always" else int(times) if colon else _UNSET
        faults.append(fault(name, _share(share, entry), times=spoiled, value=value if at else None))
    return Faults(tuple(faults), seed)


def _share(text: str, entry: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"cannot read the fault {entry!r}: write NAME[@VALUE][:TIMES]=SHARE") from None
