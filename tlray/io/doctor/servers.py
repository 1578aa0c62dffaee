"""Checks of the servers that settings name: Redis, the message broker, the mail server. Nothing is stored or sent."""

from __future__ import annotations

import asyncio

from tlray.errors import TlrayError
from tlray.io.broker.address import broker_address
from tlray.io.doctor.report import Result, failed, ok
from tlray.io.redis.address import address_of
from tlray.settings import Settings


def redis(settings: Settings) -> Result:
    """Do at Redis what tlray does there."""
    address = address_of(settings.redis)
    if address is None:
        return ok("not used (TLRAY_REDIS is not set)")
    from tlray.io.redis.link import check  # noqa: PLC0415 - loads the library

    reason = asyncio.run(check(address))
    if reason is not None:
        return failed(
            f"{address}: {reason}", "docs/redis.md lists the rights; tlray works without it and tries again"
        )
    return ok(f"{address} answers and takes writes")


def broker(settings: Settings) -> Result:
    """Connect to the message broker."""
    if settings.amqp is None:
        return ok("not used (TLRAY_AMQP is not set)")
    from tlray.io.broker.connection import connect, version_of  # noqa: PLC0415 - loads the library

    address = broker_address(settings.amqp.get_secret_value(), of="TLRAY_AMQP")

    async def version() -> str:
        connection = await connect(address, "tlray doctor")
        async with connection:
            return version_of(connection)

    try:
        found = asyncio.run(version())
    except TlrayError as error:
        return failed(str(error), "docs/brokers.md")
    return ok(f"{address}: RabbitMQ {found} takes us")


def mail(settings: Settings) -> Result:
    """Greet the mail server, switch to TLS and log in; no mail is sent."""
    if settings.smtp_url is None:
        return ok("not used (TLRAY_SMTP_URL is not set)")
    from tlray.io.notify.smtp import MailServer, check  # noqa: PLC0415 - loads the library

    server = MailServer.of_url(settings.smtp_url.get_secret_value(), settings.mail_sender or "")
    reason, is_tls = asyncio.run(check(server))
    where = f"{server.host}:{server.port}"
    if reason is not None:
        return failed(f"{where}: {reason}", "correct TLRAY_SMTP_URL; notifications by e-mail wait meanwhile")
    return ok(f"{where} takes mail of ours, {'with TLS' if is_tls else 'without TLS'}")
