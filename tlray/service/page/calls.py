"""Calls of the API's own routes by the views: the same rules, the same answers."""

from __future__ import annotations

import json
from typing import Any, TypeVar

from fastapi.responses import JSONResponse
from pydantic import BaseModel, ValidationError

from tlray.service.http.problems import validation
from tlray.service.http.validation_errors import faults_of

Model = TypeVar("Model", bound=BaseModel)


def checked(model: type[Model], **fields: Any) -> Model:
    """Return the body of a request with these fields; a problem (422) names those that are not valid."""
    try:
        return model(**fields)
    except ValidationError as error:
        raise validation(faults_of(error.errors(), of="body", sent=fields)) from None


def body_of(response: JSONResponse) -> Any:
    """Return what a route of the API has answered."""
    return json.loads(bytes(response.body))
