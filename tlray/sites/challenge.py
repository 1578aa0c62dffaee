"""Pages that guard a site instead of answering: captchas, Turnstile."""

from __future__ import annotations

import re

CAPTCHA = re.compile(
    r"validate (?:that )?you(?:r|'re)? are (?:a )?real human"
    r"|<input[^>]{0,300}\bid\s*=\s*[\"']?captcha\b|<img[^>]{0,300}\balt\s*=\s*[\"']?captcha\b"
    r"|class\s*=\s*[\"']?[gh]-(?:re)?captcha\b",
    re.IGNORECASE,
)
TURNSTILE = re.compile(
    r"\bid\s*=\s*[\"']?turnstile-container\b|class\s*=\s*[\"']?cf-turnstile\b"
    r"|<title>\s*just a moment|/cdn-cgi/challenge-platform/",
    re.IGNORECASE,
)
_WITHIN = 256 * 1024


def challenge_in(page: bytes) -> str | None:
    """Return the kind of challenge that a page without a tracklist is; None for another page."""
    text = page[:_WITHIN].decode("utf-8", "replace")
    found = (("captcha", CAPTCHA), ("turnstile", TURNSTILE))
    return next((reason for reason, marks in found if marks.search(text)), None)
