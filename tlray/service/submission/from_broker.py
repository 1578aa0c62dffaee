"""Batch requests from a message broker: the rules of ``POST /api/v1/batch``, without a request of HTTP.

A message has no token. It may ask for what a user without the scope ``admin`` may ask for, and its batches belong to one user.
The number of batches a minute is not bounded: the queue waits for room instead.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from typing import Any, Final

from tlray.core.messaging.requests import Accepted, Duplicate, Failed, NoRoom, Refused, Request, Submission
from tlray.errors import (
    BacklogFull,
    BadOption,
    CannotFinish,
    Conflict,
    InvariantBroken,
    ListTooLong,
    NoSuchBatch,
    RayLost,
    TlrayError,
    UsageError,
)
from tlray.service.auth.principal import Principal
from tlray.service.backend.gateway import Gateway, new_batch_id
from tlray.service.http.bodies import JSON, read_json
from tlray.service.http.problems import ProblemError
from tlray.service.schemas.batches import MAX_URLS, BatchRequest
from tlray.service.submission.batch_request import checked_options, start_of, with_template
from tlray.service.submission.list_body import SentList
from tlray.service.submission.url_errors import require_some_url

logger = logging.getLogger(__name__)
USER: Final = "amqp"
"""Whose the batches are, where nobody says."""
MAX_CALLS: Final = 2
"""Calls to the coordinator on their way at once: it works on one while the next is collected."""


class _Calls:
    """Submissions to a coordinator, several in one call: what comes while calls are on their way goes with the next."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._next: list[tuple[dict[str, Any], asyncio.Future[str]]] = []
        self._senders: set[asyncio.Task[None]] = set()

    async def submit(self, **request: Any) -> str:
        """Submit a list; return its batch, or raise what `Coordinator.submit` raises."""
        made: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._next.append((request, made))
        if len(self._senders) < MAX_CALLS:
            sender = asyncio.create_task(self._send())
            self._senders.add(sender)
            sender.add_done_callback(self._senders.discard)
        return await made

    async def _send(self) -> None:
        while self._next:
            sent, self._next = self._next, []
            try:
                results = await self._gateway.coordinator.submit_many([request for request, _ in sent])
            except Exception as error:  # noqa: BLE001 - each of them raises it
                results = [error] * len(sent)
            for (_, made), result in zip(sent, results, strict=True):
                if made.done():  # nobody waits for it any more
                    continue
                if isinstance(result, BaseException):
                    made.set_exception(result)
                else:
                    made.set_result(result)


class BrokerSubmit:
    """Submits requests of a broker to the coordinator of a gateway; a `tlray.io.broker.consumer.Submit`."""

    def __init__(self, gateway: Gateway, user: str = USER) -> None:
        self._gateway = gateway
        self._calls = _Calls(gateway)
        self._principal = Principal(user, frozenset({"submit"}))

    async def __call__(self, request: Request) -> Submission:
        """Submit a request, and return when its batch is in the journal."""
        batch_id = new_batch_id()
        try:
            made = await self._submit(batch_id, request)
        except InvariantBroken as error:  # it may be a batch id that another batch has
            return Failed(str(error))
        except (ProblemError, TlrayError) as error:
            return _meaning(error)
        except Exception as error:
            logger.exception("submission failed key=%s", request.key)
            return Failed(type(error).__name__)
        return Accepted(made) if made == batch_id else Duplicate(made)

    async def _submit(self, batch_id: str, request: Request) -> str:
        gateway, principal = self._gateway, self._principal
        fields = await with_template(gateway, principal, read_json(request.body, BatchRequest))
        if len(fields.urls) > MAX_URLS:
            raise ProblemError(413, f"{len(fields.urls):,} URLs; at most {MAX_URLS:,} in one request")
        sent = SentList(fields.urls, JSON, fields, hashlib.sha256(request.body).hexdigest())
        options, level = await asyncio.to_thread(
            checked_options, principal, fields, gateway.settings, not_before=start_of(fields)
        )
        chunk = await sent.chunk(gateway.settings)
        require_some_url(chunk, sent.place)
        digest = " ".join((sent.digest, "", "normal", ""))  # as of a request over HTTP
        return await self._calls.submit(
            batch_id=batch_id, name=fields.name, priority=int(level), options=options,
            owner=principal.user, key=request.key, digest=digest, chunk=chunk,
        )  # fmt: skip


def _meaning(error: ProblemError | TlrayError) -> NoRoom | Refused:
    """Return what an error means for a request; raise it where it is none of the request."""
    match error:
        case ProblemError():
            return NoRoom(error.detail) if error.status_code in (429, 503, 507) else Refused(_words(error))
        case BacklogFull():
            return NoRoom(str(error), error.retry_after_s)
        case CannotFinish() if not isinstance(error, RayLost):
            return NoRoom(str(error))
        case BadOption() | Conflict() | ListTooLong() | NoSuchBatch():
            return Refused(str(error))
        case UsageError() if type(error) is UsageError:
            return Refused(str(error))
    raise error


def _words(refusal: ProblemError) -> str:
    """Return the detail of a problem, and the first faults that it does not name."""
    faults = [f"{where}: {what}" for where, what in refusal.errors[:3]]
    return "; ".join([refusal.detail, *(fault for fault in faults if fault not in refusal.detail)])
