"""The route class of the API: what holds for every call, before its own code and in the OpenAPI document."""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine
from typing import Any, Final

from fastapi import Request
from fastapi.responses import Response
from fastapi.routing import APIRoute

from tlray.service.auth.authentication import Requires
from tlray.service.http.bodies import JSON, content_type
from tlray.service.http.problems import problems
from tlray.service.http.request_limits import has_body

SECURITY: Final[dict[str, list[str]]] = {"token": []}
_FIRST_SENTENCE: Final = re.compile(r"[.:;](?=\s|$)")


class ApiRoute(APIRoute):
    """A route that authenticates its caller and checks the content type before FastAPI reads a JSON body."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        super().__init__(path, endpoint, **options)
        self.summary = _FIRST_SENTENCE.split(self.description)[0].replace("\n", " ")
        statuses = [401, 403, 421, 422, 429, 503]
        if not {"GET", "HEAD"} & (self.methods or set()):
            statuses += [413, 415]
        if self.body_field is not None:
            statuses += [400, 408]
        answers = {**problems(*statuses), **self.responses}
        self.responses = {status: answers[status] for status in sorted(answers, key=str)}
        self.openapi_extra = {"security": [SECURITY], **(self.openapi_extra or {})}

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return FastAPI's handler, with the checks before it where it reads a body."""
        handle = super().get_route_handler()
        field = self.body_field
        if field is None:
            return handle
        requires = [inner.call for inner in self.dependant.dependencies if isinstance(inner.call, Requires)]

        async def checked(request: Request) -> Response:
            for authenticate in requires:
                await authenticate(request)
            if field.field_info.is_required() or has_body(request.headers):
                content_type(request, (JSON,))
            return await handle(request)

        return checked
