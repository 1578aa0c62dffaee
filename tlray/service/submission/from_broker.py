"""Batch requests from a message broker: the rules of ``POST /api/v1/batch``, without a request of HTTP.

A message has no token. It may ask for what a user without the scope ``admin`` may ask for, and its batches belong to one user.
The number of batches a minute is not bounded: the queue waits for room instead.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from typing import Final

from tlray.core.messaging.requests import Accepted, Duplicate, Failed, NoRoom, Request, Submission
from tlray.core.messaging.requests import Refused as NeverTaken
from tlray.errors import (
    BacklogFull,
    BadOption,
    CannotFinish,
    Conflict,
    ListTooLong,
    NoSuchBatch,
    RayLost,
    TlrayError,
    UsageError,
)
from tlray.service.auth.principal import Principal
from tlray.service.backend.gateway import Gateway, new_batch_id
from tlray.service.http.bodies import JSON, read_json
from tlray.service.http.problems import Refused
from tlray.service.schemas.batches import MAX_URLS, BatchAsked
from tlray.service.submission.batch_request import checked_options, start_of, with_template
from tlray.service.submission.list_body import SentLines
from tlray.service.submission.url_errors import see_some

logger = logging.getLogger(__name__)
USER: Final = "amqp"
"""Whose the batches are, where nobody says."""


class BrokerSubmit:
    """Submits requests of a broker to the coordinator of a gateway; a `tlray.io.broker.consumer.Submit`."""

    def __init__(self, gateway: Gateway, user: str = USER) -> None:
        self._gateway = gateway
        self._principal = Principal(user, frozenset({"submit"}))

    async def __call__(self, request: Request) -> Submission:
        """Submit a request, and return when its batch is in the journal."""
        batch_id = new_batch_id()
        try:
            made = await self._submit(batch_id, request)
        except (Refused, TlrayError) as error:
            return _meaning(error)
        except Exception as error:
            logger.exception("submission failed key=%s", request.key)
            return Failed(type(error).__name__)
        return Accepted(made) if made == batch_id else Duplicate(made)

    async def _submit(self, batch_id: str, request: Request) -> str:
        gateway, principal = self._gateway, self._principal
        asked = await with_template(gateway, principal, read_json(request.body, BatchAsked))
        if len(asked.urls) > MAX_URLS:
            raise Refused(
                413, "list-too-long", f"{len(asked.urls):,} URLs; at most {MAX_URLS:,} in one request"
            )
        sent = SentLines(asked.urls, JSON, asked, hashlib.sha256(request.body).hexdigest())
        options, level = await asyncio.to_thread(
            checked_options, principal, asked, gateway.settings, not_before=start_of(asked)
        )
        chunk = await sent.chunk(gateway.settings)
        see_some(chunk, sent.place)
        digest = " ".join((sent.digest, "", "normal", ""))  # as of a request over HTTP
        told = await gateway.ask(
            "submit", batch_id=batch_id, name=asked.name, priority=int(level), options=options,
            owner=principal.user, key=request.key, digest=digest, chunk=chunk,
        )  # fmt: skip
        return str(told["batch_id"])


def _meaning(error: Refused | TlrayError) -> NoRoom | NeverTaken:
    """Return what an error means for a request; raise it where it is none of the request."""
    match error:
        case Refused():
            return NoRoom(error.detail) if error.status in (429, 503, 507) else NeverTaken(_words(error))
        case BacklogFull():
            return NoRoom(str(error), error.retry_after_s)
        case CannotFinish() if not isinstance(error, RayLost):
            return NoRoom(str(error))
        case BadOption() | Conflict() | ListTooLong() | NoSuchBatch():
            return NeverTaken(str(error))
        case UsageError() if type(error) is UsageError:
            return NeverTaken(str(error))
    raise error


def _words(refusal: Refused) -> str:
    """Return the detail of a problem, and the first faults that it does not name."""
    faults = [f"{where}: {what}" for where, what in refusal.errors[:3]]
    return "; ".join([refusal.detail, *(fault for fault in faults if fault not in refusal.detail)])
