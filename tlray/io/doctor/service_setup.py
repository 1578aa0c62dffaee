"""Check of who may use a service of the home: its tokens, and the hosts that it answers for."""

from __future__ import annotations

import re
from typing import Final

from tlray.core.access.same_origin import is_loopback
from tlray.errors import TlrayError
from tlray.io.disk.home import Home
from tlray.io.doctor.report import Result, ok, warning
from tlray.io.journal.opening import has_journal, open_reader
from tlray.io.journal.service_rows import TokenRow
from tlray.settings import Settings

_CREATE: Final = "tlray token create --user NAME --scope admin"
_HOST: Final = re.compile(r"\*|(\*\.)?[a-z0-9_.-]+|\[?[0-9a-f:]+\]?", re.IGNORECASE)


def tokens(settings: Settings) -> Result:  # noqa: PLR0911 - a list of rules
    """Check that a service which others may reach has tokens, and answers for hosts that can be asked for."""
    wrong = sorted(host for host in settings.hosts if not _HOST.fullmatch(host))
    if wrong:
        return warning(
            f"TLRAY_ALLOWED_HOSTS has {wrong[0]!r}, which no request asks for",
            "write names alone, without https://, port and path: TLRAY_ALLOWED_HOSTS=sets.example.org",
        )
    rows = _rows(settings)
    if rows is None:
        return ok("not known: the journal cannot be read (see the check journal)")
    usable = [row for row in rows if row.revoked_at is None]
    reachable = _reachable_by(settings)
    create = f"{_CREATE} --home {settings.home}" if "home" in settings.model_fields_set else _CREATE
    if rows and not usable:
        return warning(f"all {len(rows)} tokens are revoked, so a service answers nobody", create)
    if not rows and reachable:
        return warning(
            f"{reachable}, and a service of this home has no token: all who reach it may do all", create
        )
    if usable and not any("admin" in row.held for row in usable):
        return warning(
            "no token has the scope admin, so nobody may change domains and tokens over the API", create
        )
    if not rows:
        return ok("none: a service answers this machine only, and refuses to listen elsewhere")
    return ok(f"{len(usable)} may be used, {len(rows) - len(usable)} are revoked")


def _rows(settings: Settings) -> list[TokenRow] | None:
    try:
        if not has_journal(Home(settings.home), settings.journal):
            return []
        with open_reader(settings.home, settings.journal) as journal:
            return list(journal.tokens())
    except TlrayError:
        return None


def _reachable_by(settings: Settings) -> str:
    """Return the setting by which other machines reach a service through a proxy; "" if there is none."""
    others = sorted(host for host in settings.hosts if not is_loopback(host))
    if others:
        return f"TLRAY_ALLOWED_HOSTS names {others[0]}"
    return "TLRAY_TRUSTED_PROXIES names a proxy" if settings.proxies else ""
