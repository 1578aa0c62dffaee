"""``/api/v1/tokens``: an admin makes, lists and revokes a service's tokens. The first one is made by ``tlray token create``."""

from __future__ import annotations

import secrets
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Request
from pydantic import ConfigDict, Field, field_validator

from tlray.core.access.tokens import MAX_USER_CHARS, NAME_BYTES, SECRET_BYTES, spell, user_named
from tlray.service.http.bodies import JSON, content_type, read_body, read_json
from tlray.service.http.problems import ProblemError, problems
from tlray.service.routes.dependencies import Admin, TheGateway
from tlray.service.schemas.batches import Moment, RequestBody, ResponseBody

router = APIRouter(prefix="/api/v1/tokens", tags=["access"])
Scope = Literal["read", "submit", "admin"]
BODY = {
    "requestBody": {
        "required": True,
        "content": {JSON: {"schema": {"$ref": "#/components/schemas/TokenRequest"}}},
    }
}


class TokenRequest(RequestBody):
    """A new token."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"user": "ada", "scopes": ["submit"]}]})

    user: str = Field(max_length=MAX_USER_CHARS, description="Whose batches are theirs.")
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=3)] = Field(
        ["submit"], description="Each holds those before it: read, submit, admin."
    )

    @field_validator("user")
    @classmethod
    def _is_name(cls, value: str) -> str:
        return user_named(value)


class TokenResponse(ResponseBody):
    """A token, without its secret."""

    name: str = Field(description="What is seen of it: `tlray_<name>_…`.")
    user: str
    scopes: list[Scope]
    created_at: Moment
    last_used_at: Moment | None = Field(description="To the minute.")
    revoked_at: Moment | None


class NewTokenResponse(ResponseBody):
    """A new token. It is told once: only a hash is kept."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"name": "3fa9c1", "user": "ada", "scopes": ["submit"], "token": "tlray_3fa9c1_…"}]
        }
    )

    name: str
    user: str
    scopes: list[Scope]
    token: str


@router.get("", responses=problems(401, 403, 429, 503))
async def list_tokens(gateway: TheGateway, principal: Admin) -> list[TokenResponse]:
    """Return every token that there is or was."""
    return [TokenResponse(**row) for row in await gateway.coordinator.list_tokens()]


@router.post(
    "", status_code=201, openapi_extra=BODY, responses=problems(400, 401, 403, 413, 415, 422, 429, 503)
)
async def create_token(request: Request, gateway: TheGateway, principal: Admin) -> NewTokenResponse:
    """Make a token. From the first one on, everybody needs one."""
    content_type(request, (JSON,))
    asked = read_json(await read_body(request), TokenRequest)
    token = spell(secrets.token_bytes(NAME_BYTES), secrets.token_bytes(SECRET_BYTES))
    await gateway.coordinator.create_token(
        name=token.name, digest=token.digest, user=asked.user, scopes=tuple(asked.scopes)
    )
    return NewTokenResponse(name=token.name, user=asked.user, scopes=asked.scopes, token=token.text)


@router.delete("/{name}", status_code=204, responses=problems(401, 403, 404, 429, 503))
async def revoke_token(
    name: Annotated[str, Path(max_length=64)], gateway: TheGateway, principal: Admin
) -> None:
    """Revoke a token; within seconds nobody is let in by it."""
    if not await gateway.coordinator.revoke_token(name):
        raise ProblemError(404, f"there is no token {name!r}")
