"""Checks of the servers that settings name: Redis, the message broker, the mail server. Nothing stays there, and no mail is sent.

Each is first reached (`tlray.io.doctor.reach`), then asked as tlray asks it; the hint follows from the reason that this gives.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

from tlray.errors import TlrayError
from tlray.io.broker.address import SCHEMES, broker_address
from tlray.io.doctor.hints import BROKER, MAIL, REDIS, hint_for
from tlray.io.doctor.reach import unreachable
from tlray.io.doctor.report import Result, failed, ok
from tlray.io.redis.address import address_of
from tlray.settings import Settings

ANSWER_S: Final = 7.0
"""The longest for all that is asked of a server that was reached."""
T = TypeVar("T")
L = TypeVar("L")
_SILENT: Final = f"it takes connections and gives no answer within {ANSWER_S:g} s"


def redis(settings: Settings) -> Result:
    """Do at Redis what tlray does there."""
    address = address_of(settings.redis)
    if address is None:
        return ok("not used (TLRAY_REDIS is not set)")
    parts = urlsplit(address.url)
    result = unreachable(
        str(address), parts.hostname or "", parts.port or 6379, setting="TLRAY_REDIS", program="Redis"
    )
    if result is not None:
        return failed(result.what, f"{result.hint}; tlray works without it meanwhile")
    from tlray.io.redis.link import check  # noqa: PLC0415 - loads the library

    reason = _answer(check(address), late=_SILENT)
    if reason is not None:
        return failed(f"{address}: {reason}", hint_for(REDIS, reason, user=parts.username or "default"))
    return ok(f"{address} answers and takes writes")


def broker(settings: Settings) -> Result:
    """Connect to the message broker, and do in a queue that is gone afterwards what tlray does."""
    if settings.amqp is None:
        return ok("not used (TLRAY_AMQP is not set)")
    address = broker_address(settings.amqp.get_secret_value(), of="TLRAY_AMQP")
    port = address.url.port or SCHEMES[address.url.scheme]
    result = unreachable(str(address), address.url.host or "", port, setting="TLRAY_AMQP", program="RabbitMQ")
    if result is not None:
        return result
    from tlray.io.broker.probe import probe  # noqa: PLC0415 - loads the library

    try:
        found = _answer(probe(address), late=None)
    except TlrayError as error:
        reason = str(error.args[1])
        return failed(
            f"{address}: {reason}", hint_for(BROKER, reason, user=address.user, vhost=address.vhost)
        )
    if found is None:
        return failed(f"{address}: {_SILENT}", hint_for(BROKER, _SILENT))
    return ok(f"{address}: RabbitMQ {found} takes us, and what tlray does in a queue works")


def mail(settings: Settings) -> Result:
    """Greet the mail server, switch to TLS and log in; no mail is sent."""
    if settings.smtp_url is None:
        return ok("not used (TLRAY_SMTP_URL is not set)")
    from tlray.io.notify.smtp import MailServer, check  # noqa: PLC0415 - loads the library

    server = MailServer.of_url(settings.smtp_url.get_secret_value(), settings.mail_sender or "")
    where = f"{server.host}:{server.port}"
    result = unreachable(where, server.host, server.port, setting="TLRAY_SMTP_URL", program="the mail server")
    if result is not None:
        return result
    reason, is_tls = _answer(check(server), late=(_SILENT, False))
    if reason is not None:
        return failed(
            f"{where}: {reason}", f"{hint_for(MAIL, reason)}; notifications by e-mail wait meanwhile"
        )
    return ok(f"{where} takes mail of ours, {'with TLS' if is_tls else 'without TLS'}")


def _answer(asking: Coroutine[Any, Any, T], *, late: L) -> T | L:
    """Run what asks a server, within a time limit; return ``late`` after it."""

    async def bounded() -> T | L:
        try:
            async with asyncio.timeout(ANSWER_S):
                return await asking
        except TimeoutError:
            return late

    return asyncio.run(bounded())
