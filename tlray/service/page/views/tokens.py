"""``/tokens``: an admin creates tokens, each shown once, and revokes them."""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import Response

from tlray.service.auth.session import session_token
from tlray.service.backend.gateway import Gateway
from tlray.service.http.problems import ProblemError, not_found
from tlray.service.page.calls import checked
from tlray.service.page.form import TheForm, field
from tlray.service.page.rendering import render, see_other
from tlray.service.routes import tokens
from tlray.service.routes.dependencies import Admin, TheGateway

router = APIRouter(prefix="/tokens", include_in_schema=False)
SCOPES: Final = {
    "read": "read: look at their own batches",
    "submit": "submit: start and steer their own batches",
    "admin": "admin: everything, of everybody",
}


@router.get("")
async def show_tokens(request: Request, gateway: TheGateway, principal: Admin) -> Response:
    """Show all tokens, those in use first."""
    return await _shown(request, gateway, principal)


@router.post("")
async def create(request: Request, gateway: TheGateway, principal: Admin, form: TheForm) -> Response:
    """Create a token, and show it this once."""
    given = {"user": field(form, "user"), "scope": field(form, "scope")}
    try:
        wanted = checked(tokens.TokenRequest, user=given["user"], scopes=[given["scope"]])
    except ProblemError as error:
        faults = [("scope" if "scopes" in where else "user", what) for where, what in error.errors]
        return await _shown(request, gateway, principal, given, faults)
    made = await tokens.create_token(wanted, gateway, principal)
    return render(request, "token_made.html", status=201, made=made, is_first=not principal.token)


@router.get("/{name}/revoke")
async def ask_revoke(request: Request, name: str, gateway: TheGateway, principal: Admin) -> Response:
    """Ask whether a token is to be revoked."""
    rows = await _rows(request, gateway, principal)
    found = next((row for row in rows if row["name"] == name), None)
    if found is None:
        raise not_found("token", name)
    return render(request, "sure.html", back="tokens", **found["revoking"])


@router.post("/{name}/revoke")
async def revoke(
    request: Request, name: str, gateway: TheGateway, principal: Admin, form: TheForm
) -> Response:
    """Revoke a token."""
    await tokens.revoke_token(name, gateway, principal)
    return see_other(request, "/tokens")


async def _rows(request: Request, gateway: Gateway, principal: Admin) -> list[dict[str, Any]]:
    mine = session_token(request.headers).split("_")
    found = [
        {**row.model_dump(), "is_mine": row.name in mine[1:2]}
        for row in await tokens.list_tokens(gateway, principal)
    ]
    for row in found:
        row["revoking"] = _revoking(row)
    return sorted(found, key=lambda row: (row["revoked_at"] is not None, -row["created_at"]))


def _revoking(row: dict[str, Any]) -> dict[str, Any]:
    signs_out = " It is the one that you are signed in with." if row["is_mine"] else ""
    return {
        "path": f"tokens/{row['name']}/revoke", "question": f"Revoke a token of {row['user'] or 'the local user'}?",
        "text": f"{row['name']} stops working within seconds, and cannot be used again. Batches are kept.{signs_out}",
        "verb": "Revoke it", "keep": "Keep it",
    }  # fmt: skip


async def _shown(
    request: Request,
    gateway: Gateway,
    principal: Admin,
    given: dict[str, str] | None = None,
    faults: list[tuple[str, str]] | None = None,
) -> Response:
    rows = await _rows(request, gateway, principal)
    return render(
        request,
        "tokens.html",
        status=422 if faults else 200,
        rows=rows,
        scopes=SCOPES,
        given=given or {"user": "", "scope": "submit" if rows else "admin"},
        faults=faults or [],
        faulty={name for name, _ in faults or []},
    )
