"""What do the routers share? The gateway, the hub and the streams of the app that a request came to."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends
from starlette.requests import HTTPConnection

from tlray.service.auth.authentication import requires
from tlray.service.auth.principal import Principal
from tlray.service.auth.stream_limits import RequestStreams
from tlray.service.backend.gateway import Gateway
from tlray.service.backend.live_hub import Hub
from tlray.service.http.request_limits import slot_of


async def _gateway(connection: HTTPConnection) -> Gateway:
    found: Gateway = connection.app.state.gateway
    return found


async def _hub(connection: HTTPConnection) -> Hub:
    found: Hub = connection.app.state.hub
    return found


async def _streams(connection: HTTPConnection) -> RequestStreams:
    return RequestStreams(connection.app.state.streams, slot_of(connection))


TheGateway = Annotated[Gateway, Depends(_gateway)]
TheHub = Annotated[Hub, Depends(_hub)]
TheStreams = Annotated[RequestStreams, Depends(_streams)]
Reader = Annotated[Principal, Depends(requires("read"))]
Watcher = Annotated[Principal, Depends(requires("read", takes_ticket=True))]
"""A reader that may be an event stream's."""
Submitter = Annotated[Principal, Depends(requires("submit"))]
Admin = Annotated[Principal, Depends(requires("admin"))]
