"""``/api/v1/tokens``: an admin creates, lists and revokes tokens. ``tlray token create`` creates the first one."""

from __future__ import annotations

import secrets
from typing import Annotated, Literal

from fastapi import APIRouter, Path
from pydantic import Field, field_validator

from tlray.core.access.tokens import MAX_USER_CHARS, NAME_BYTES, SECRET_BYTES, spell, user_named
from tlray.service.http.problems import not_found, problems
from tlray.service.routes.api_route import ApiRoute
from tlray.service.routes.dependencies import Admin, TheGateway
from tlray.service.schemas.batches import Moment, RequestBody, ResponseBody

router = APIRouter(prefix="/api/v1/tokens", tags=["access"], route_class=ApiRoute)
Scope = Literal["read", "submit", "admin"]


class TokenRequest(RequestBody):
    """A new token."""

    user: str = Field(
        max_length=MAX_USER_CHARS, description="The owner of the batches that are submitted with it."
    )
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=3)] = Field(
        ["submit"], description="read, submit or admin; each includes those before it."
    )

    @field_validator("user")
    @classmethod
    def _is_name(cls, value: str) -> str:
        return user_named(value)


class TokenResponse(ResponseBody):
    """A token without its secret."""

    name: str = Field(description="The visible part of the token: `tlray_<name>_…`.")
    user: str
    scopes: list[Scope]
    created_at: Moment
    last_used_at: Moment | None = Field(description="Rounded to the minute.")
    revoked_at: Moment | None


class NewTokenResponse(ResponseBody):
    """A new token. This is the only response that contains it: the service stores a hash."""

    name: str
    user: str
    scopes: list[Scope]
    token: str


@router.get("")
async def list_tokens(gateway: TheGateway, principal: Admin) -> list[TokenResponse]:
    """List all tokens, revoked ones too."""
    return [TokenResponse(**row) for row in await gateway.coordinator.list_tokens()]


@router.post("", status_code=201)
async def create_token(body: TokenRequest, gateway: TheGateway, principal: Admin) -> NewTokenResponse:
    """Create a token. After the first one, every request needs a token."""
    token = spell(secrets.token_bytes(NAME_BYTES), secrets.token_bytes(SECRET_BYTES))
    await gateway.coordinator.create_token(token.name, token.digest, body.user, tuple(body.scopes))
    return NewTokenResponse(name=token.name, user=body.user, scopes=body.scopes, token=token.text)


@router.delete("/{name}", status_code=204, responses=problems(404))
async def revoke_token(
    name: Annotated[str, Path(max_length=64, examples=["3fa9c1"])], gateway: TheGateway, principal: Admin
) -> None:
    """Revoke a token; it stops working within seconds."""
    if not await gateway.coordinator.revoke_token(name):
        raise not_found("token", name)
