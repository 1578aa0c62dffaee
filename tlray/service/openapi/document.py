"""The OpenAPI document: FastAPI's, with the security schemes, examples, and the models that routes name by reference."""

from __future__ import annotations

from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel, ConfigDict, TypeAdapter, with_config
from pydantic.json_schema import models_json_schema
from typing_extensions import get_original_bases, is_typeddict

from tlray.core.model.progress import (
    BatchDomain,
    DomainHistory,
    DomainProgress,
    DomainStatus,
    FirstBack,
    LostNodeRecord,
    RestRecord,
    Retried,
    RetriedGroup,
    RobotsRecord,
    Snapshot,
)
from tlray.core.model.receipts import DeadGroupRecord, DeadGroups, DomainPreview, ListPreview
from tlray.service.http.problems import Problem
from tlray.service.openapi.examples import OF_MODELS, OF_PATHS
from tlray.service.schemas.batches import BatchRequest, PieceRequest, SetLine
from tlray.service.schemas.catalogue import ChangeLine, StatusResponse

BY_REFERENCE: Final[tuple[type[BaseModel], ...]] = (BatchRequest, ChangeLine, PieceRequest, Problem, SetLine)
"""Models of lists, lines and problems: their content types are not FastAPI's JSON."""
PROGRESS: Final[tuple[type[Any], ...]] = (
    BatchDomain,
    DeadGroupRecord,
    DeadGroups,
    DomainPreview,
    DomainHistory,
    RestRecord,
    RobotsRecord,
    ListPreview,
    DomainProgress,
    DomainStatus,
    FirstBack,
    LostNodeRecord,
    Retried,
    RetriedGroup,
    Snapshot,
    StatusResponse,
)
"""The typed dictionaries of the core; the docstrings of their fields are the descriptions."""
SECURITY_SCHEMES: Final[dict[str, Any]] = {
    "token": {
        "type": "http",
        "scheme": "bearer",
        "description": "Create one with `tlray token create`. A service without tokens answers loopback only, and needs none.",
    },
    "ticket": {
        "type": "apiKey",
        "in": "query",
        "name": "ticket",
        "description": "From `POST /api/v1/tickets`: opens one event stream or socket, once, within seconds.",
    },
}


def document(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI document of an app."""
    found = get_openapi(
        title=app.title,
        version=app.version,
        summary=app.summary,
        routes=app.routes,
        description=app.description,
    )
    components: dict[str, Any] = found["components"]
    components["securitySchemes"] = SECURITY_SCHEMES
    _, defined = models_json_schema(
        [(model, "validation") for model in BY_REFERENCE], ref_template="#/components/schemas/{model}"
    )
    components["schemas"].update(defined["$defs"])
    for name, example in OF_MODELS.items():
        components["schemas"][name]["examples"] = [example]
    for model in PROGRESS:
        for name, text in _descriptions(model).items():
            components["schemas"][model.__name__]["properties"][name]["description"] = text
    for calls in found["paths"].values():
        for call in calls.values():
            for parameter in call.get("parameters", ()):
                _drop_null(parameter["schema"])
    for (path, kind), example in OF_PATHS.items():
        if path in found["paths"]:
            found["paths"][path]["get"]["responses"]["200"]["content"][kind]["example"] = example
    return found


def _descriptions(model: type[Any]) -> dict[str, str]:
    """Return the docstrings of a typed dictionary's fields; pydantic reads those of one class, without its bases."""
    found: dict[str, str] = {}
    for base in get_original_bases(model):
        if is_typeddict(base):
            found |= _descriptions(base)
    schema = TypeAdapter(with_config(ConfigDict(use_attribute_docstrings=True))(model)).json_schema()
    own = {
        name: field["description"] for name, field in schema["properties"].items() if "description" in field
    }
    return found | {name: text.replace("None", "null") for name, text in own.items()}


def _drop_null(schema: dict[str, Any]) -> None:
    """Remove null from the type of an optional parameter: a URL or a header has no null."""
    kinds = [kind for kind in schema.get("anyOf", ()) if kind != {"type": "null"}]
    if len(kinds) == 1:
        del schema["anyOf"]
        schema |= kinds[0]
