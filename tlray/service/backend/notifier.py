"""Delivery of notices: every replica takes some at a time from the coordinator's outbox and reports the results.

If a replica dies in the middle, the coordinator hands its notices out again, under the same ids.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections import Counter
from typing import Any

from tlray.core.model.address_policy import policy_for
from tlray.core.notify.email_text import letter
from tlray.core.notify.notification import MAX_AT_ONCE, Channel, Delivery, Underway
from tlray.core.notify.webhook_signature import headers
from tlray.core.scheduling.batch_config import user_agent
from tlray.errors import TlrayError
from tlray.io.notify.smtp import MailServer, message, send
from tlray.io.notify.webhook import post
from tlray.scrape_options import terms_of
from tlray.service.backend.gateway import Gateway
from tlray.settings import Settings
from tlray.version import __version__

logger = logging.getLogger(__name__)
WAIT_S, SHORT_WAIT_S = 20.0, 1.0
AFTER_TROUBLE_S = 2.0


class Postman:
    """One replica's deliveries."""

    def __init__(self, gateway: Gateway, settings: Settings) -> None:
        self._gateway = gateway
        self._allow = policy_for(settings.networks)
        self._terms = terms_of(settings)
        self._user_agent = user_agent(__version__, settings.contact)
        self._server = None
        if settings.smtp_url is not None and settings.mail_sender is not None:
            self._server = MailServer.of_url(settings.smtp_url.get_secret_value(), settings.mail_sender)
        self._out: dict[asyncio.Task[None], tuple[str, str]] = {}
        """Deliveries under way: to whom, and whose."""

    async def run(self) -> None:
        """Deliver until it is cancelled; what is on its way then is handed out again."""
        try:
            while True:
                try:
                    await self._step()
                except TlrayError:  # the coordinator is away, or the disk is full
                    await asyncio.sleep(AFTER_TROUBLE_S)
                except Exception:
                    logger.exception("notifier failed")
                    await asyncio.sleep(AFTER_TROUBLE_S)
        finally:
            for task in self._out:
                task.cancel()

    async def _step(self) -> None:
        if len(self._out) >= MAX_AT_ONCE:
            await asyncio.wait(self._out, return_when=asyncio.FIRST_COMPLETED)
        out = self._out.values()
        underway = Underway(Counter(target for target, _ in out), Counter(owner for _, owner in out))
        taken = await self._gateway.within(WAIT_S + 30.0).take_notices(
            limit=MAX_AT_ONCE - len(self._out),
            wait_s=WAIT_S if not out else SHORT_WAIT_S,  # what is full now may soon not be
            underway=underway,
            terms=self._terms,
        )
        for notice in taken:
            task = asyncio.create_task(self._carry(notice))
            self._out[task] = (notice["target"], notice["owner"])
            task.add_done_callback(self._out.pop)

    async def _carry(self, notice: dict[str, Any]) -> None:
        begun = time.monotonic()
        try:
            delivery = await self._deliver(notice)
        except Exception as error:
            logger.exception("delivery failed notice=%s", notice["notice_id"])
            delivery = Delivery(None, f"a bug of tlray: {type(error).__name__}")
        try:
            await self._gateway.coordinator.settle_notice(
                notice_id=notice["notice_id"],
                n_attempts=notice["n_attempts"] + 1,
                made_at=notice["made_at"],
                delivery=delivery,
                took_s=time.monotonic() - begun,
            )
        except TlrayError as error:
            logger.warning("delivery not recorded notice=%s why=%s", notice["notice_id"], error)

    async def _deliver(self, notice: dict[str, Any]) -> Delivery:
        body: str = notice["body"]
        if notice["channel"] is Channel.WEBHOOK:
            raw = body.encode()
            signed = headers(notice["notice_id"], raw, notice["secrets"], now=time.time())
            return await post(notice["target"], raw, signed, allow=self._allow, user_agent=self._user_agent)
        if self._server is None:
            return Delivery(None, "no mail server is set (TLRAY_SMTP_URL)")
        subject, text = letter(json.loads(body))
        mail = message(
            notice["notice_id"],
            notice["target"],
            subject,
            text,
            sender=self._server.sender,
            at=notice["made_at"],
        )
        return await send(mail, self._server)
