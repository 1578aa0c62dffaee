"""What holds for every call of the OpenAPI document? That it needs a token, how it may be refused before its route is asked, and
what its parameters are called for example. Said here once, so that no route has to."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Any, Final

from pydantic import BaseModel

from tlray.service.http.problems import CONTENT_TYPE
from tlray.service.openapi.examples import OF_MODELS, OF_PATHS
from tlray.service.schemas.batches import ResponseBody

HEALTH: Final = ("/healthz", "/readyz")
"""Asked by a load balancer, which has no token."""
TAKES_TICKET: Final = "/events"
SECURITY: Final[dict[str, Any]] = {
    "token": {
        "type": "http",
        "scheme": "bearer",
        "description": "`tlray token create` makes one. A service without any token answers loopback only, and asks nobody.",
    },
    "ticket": {
        "type": "apiKey",
        "in": "query",
        "name": "ticket",
        "description": "Of `POST /api/v1/tickets`: opens one event stream or socket, once, within seconds.",
    },
}
PROBLEM: Final = {CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
OF_CALLS: Final = (401, 403, 421, 429, 503)
"""421: a host that we are not."""
OF_CHANGES: Final = (413, 415)
"""Also of those that take no body: what comes with them is looked at before they are asked."""
OF_BODIES: Final = (408,)
"""A body that comes too slowly."""
EXAMPLES: Final[dict[str, Any]] = {
    "batch_id": "20261123-120000-a1b2c3",
    "domain": "1001tracklists.com",
    "name": "3fa9c1",
    "piece": 1,
    "schedule_id": "sch_0123456789abcdef",
}
"""Of parameters that a call cannot do without, where their route names none."""


def complete(told: dict[str, Any]) -> None:
    """Say in a document what holds for all of its calls."""
    told["components"]["securitySchemes"] = SECURITY
    of_models = {**_examples_of(ResponseBody), **OF_MODELS}
    for name, schema in told["components"]["schemas"].items():
        if name in of_models:
            schema["examples"] = [of_models[name]]
    for path, calls in told["paths"].items():
        for method, call in calls.items():
            call["summary"] = _first_sentence(call.get("description", call["summary"]))
            if path not in HEALTH:
                _close(call, takes_ticket=path.endswith(TAKES_TICKET), changes=method != "get")
            for parameter in call.get("parameters", ()):
                _mend_parameter(parameter)
    for (path, kind), example in OF_PATHS.items():
        if path in told["paths"]:
            told["paths"][path]["get"]["responses"]["200"]["content"][kind]["example"] = example


def _first_sentence(text: str) -> str:
    """Return what a list of calls says of one."""
    return re.split(r"[.:;]\s|[.:;]$", text, maxsplit=1)[0].replace("\n", " ")


def _close(call: dict[str, Any], *, takes_ticket: bool, changes: bool) -> None:
    """Say that a call needs a token, and how it is refused."""
    call["security"] = [{"token": []}, *([{"ticket": []}] if takes_ticket else ())]
    of_bodies = OF_BODIES if "requestBody" in call else ()
    for status in (*OF_CALLS, *(OF_CHANGES if changes else ()), *of_bodies):
        call["responses"].setdefault(str(status), _refused(status))
    call["responses"] = dict(sorted(call["responses"].items()))


def _examples_of(model: type[BaseModel]) -> dict[str, Any]:
    """Return the examples that models have themselves, by name: FastAPI leaves out of them what is null."""
    extra = model.model_config.get("json_schema_extra")
    own = extra.get("examples") if isinstance(extra, dict) else None
    found: dict[str, Any] = {model.__name__: own[0]} if isinstance(own, list) else {}
    for kind in model.__subclasses__():
        found |= _examples_of(kind)
    return found


def _refused(status: int) -> dict[str, Any]:
    return {"description": HTTPStatus(status).phrase, "content": PROBLEM}


def _mend_parameter(parameter: dict[str, Any]) -> None:
    """A parameter that may be left out cannot be null for that: there is no null in a URL or a header."""
    schema = parameter["schema"]
    kinds = [kind for kind in schema.get("anyOf", ()) if kind != {"type": "null"}]
    if len(kinds) == 1:
        del schema["anyOf"]
        schema |= kinds[0]
    name = parameter["name"]
    if parameter["required"] and name in EXAMPLES and "example" not in parameter and "examples" not in schema:
        parameter["example"] = EXAMPLES[name]
