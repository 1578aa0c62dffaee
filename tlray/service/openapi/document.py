"""The OpenAPI document: what FastAPI finds in the routes, and the bodies that they read themselves."""

from __future__ import annotations

from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from tlray.service.http.problems import Problem
from tlray.service.openapi.postprocess import PROBLEM, complete
from tlray.service.routes.templates import TemplateRequest
from tlray.service.routes.tokens import TokenRequest
from tlray.service.schemas.batches import (
    BatchRequest,
    CommitRequest,
    DomainPatch,
    PieceRequest,
    RetryRequest,
    SetLine,
)
from tlray.service.schemas.schedules import SchedulePatch, ScheduleRequest

READ_BY_HAND: Final[tuple[type[BaseModel], ...]] = (
    BatchRequest,
    CommitRequest,
    DomainPatch,
    PieceRequest,
    Problem,
    RetryRequest,
    ScheduleRequest,
    SchedulePatch,
    SetLine,
    TemplateRequest,
    TokenRequest,
)
"""Models that routes name in ``openapi_extra`` or ``responses``."""


def document(app: FastAPI) -> dict[str, Any]:
    """Return the document of an app."""
    told = get_openapi(
        title=app.title,
        version=app.version,
        summary=app.summary,
        routes=app.routes,
        description=app.description,
    )
    _, defined = models_json_schema(
        [(model, "validation") for model in READ_BY_HAND], ref_template="#/components/schemas/{model}"
    )
    schemas = told.setdefault("components", {}).setdefault("schemas", {})
    schemas.update(defined["$defs"])
    schemas.pop("HTTPValidationError", None)
    schemas.pop("ValidationError", None)
    for path in told["paths"].values():
        for call in path.values():
            # FastAPI tells of 422 in a shape that is not ours
            if "HTTPValidationError" in str(call.get("responses", {}).get("422", "")):
                call["responses"]["422"] = {"description": "Unprocessable Content", "content": PROBLEM}
    complete(told)
    return told
