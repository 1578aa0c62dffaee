"""The dependency of views that change something: the fields of a form, once its CSRF token is checked."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends
from starlette.datastructures import FormData
from starlette.requests import Request

from tlray.service.auth.session import CSRF_FIELD, require_csrf

MAX_FIELDS = 200


async def _form(request: Request) -> FormData:
    form = await request.form(max_files=0, max_fields=MAX_FIELDS, max_part_size=1_000_000)
    require_csrf(request, field(form, CSRF_FIELD))
    return form


TheForm = Annotated[FormData, Depends(_form)]


def field(form: FormData, name: str) -> str:
    """Return a field as text; "" if it is missing."""
    value = form.get(name)
    return value.strip() if isinstance(value, str) else ""
