"""The dependencies of routes: the gateway, the live hub, the stream limits, the caller with a scope; and path parameters."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Path
from starlette.requests import HTTPConnection

from tlray.service.auth.authentication import Requires
from tlray.service.auth.principal import Principal
from tlray.service.auth.stream_limits import RequestStreams
from tlray.service.backend.gateway import Gateway
from tlray.service.backend.live_hub import Hub
from tlray.service.http.request_limits import slot_of


async def _gateway(connection: HTTPConnection) -> Gateway:
    gateway: Gateway = connection.app.state.gateway
    return gateway


async def _hub(connection: HTTPConnection) -> Hub:
    hub: Hub = connection.app.state.hub
    return hub


async def _streams(connection: HTTPConnection) -> RequestStreams:
    return RequestStreams(connection.app.state.streams, slot_of(connection))


TheGateway = Annotated[Gateway, Depends(_gateway)]
TheHub = Annotated[Hub, Depends(_hub)]
TheStreams = Annotated[RequestStreams, Depends(_streams)]
Reader = Annotated[Principal, Depends(Requires("read"))]
TicketReader = Annotated[Principal, Depends(Requires("read", takes_ticket=True))]
"""A reader, who may show a ticket in the query, as an event stream does."""
Submitter = Annotated[Principal, Depends(Requires("submit"))]
Admin = Annotated[Principal, Depends(Requires("admin"))]
BatchId = Annotated[str, Path(examples=["20261123-120000-a1b2c3"])]
