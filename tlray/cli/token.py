"""``tlray token``: create, list and revoke the tokens of a home, or of a running service."""

from __future__ import annotations

import json
import secrets
import sys
import time
import urllib.parse
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tlray.cli.options import HomeOption
from tlray.cli.service_options import service
from tlray.core.access.tokens import NAME_BYTES, SECRET_BYTES, scopes_with, spell, user_named
from tlray.errors import UsageError
from tlray.io.disk.home import Home
from tlray.io.disk.local_time import local_minute
from tlray.io.journal.writer import Journal
from tlray.io.offline.opening import offline_journal
from tlray.settings import read_settings

if TYPE_CHECKING:
    from tlray.cluster.driver.remote import Call

token = typer.Typer(no_args_is_help=True, help="Make, list and revoke the tokens of the service.")
UrlOption = Annotated[
    str | None,
    typer.Option("--url", help="A running service, with an admin's token in TLRAY_TOKEN; by default the home's."),
]  # fmt: skip
Json = Annotated[bool, typer.Option("--json", help="JSON.")]


@token.command("create")
def create(
    user: Annotated[str, typer.Option("--user", help="Whose batches theirs are.")],
    scope: Annotated[
        list[str] | None,
        typer.Option("--scope", help="read, submit or admin; each holds those before it. Default: submit."),
    ] = None,
    home: HomeOption = None,
    url: UrlOption = None,
    as_json: Json = False,
) -> None:
    """Make a token and print it: this once, only a hash of it is kept.

    Example: tlray token create --user ada --scope submit
    """
    scopes = tuple(dict.fromkeys(scope or ["submit"]))
    try:
        name, _ = user_named(user), scopes_with(scopes)
    except ValueError as error:
        raise UsageError(str(error)) from None
    is_first = url is None and not _in_home(home, lambda c: c.list_tokens(), lambda journal: journal.tokens())
    if url is not None:
        token = _over_http("POST", url, "/api/v1/tokens", {"user": name, "scopes": list(scopes)})
    else:
        new = spell(secrets.token_bytes(NAME_BYTES), secrets.token_bytes(SECRET_BYTES))
        given: dict[str, Any] = {"name": new.name, "digest": new.digest, "user": name, "scopes": scopes}
        _in_home(
            home,
            lambda c: c.create_token(**given),
            lambda journal: journal.create_token(**given, now=time.time()),
        )
        token = {"name": new.name, "user": name, "scopes": list(scopes), "token": new.text}
    print(json.dumps(token) if as_json else token["token"])
    whose = f"{token['user']} ({', '.join(token['scopes'])})"
    sys.stderr.write(f"token {token['name']} of {whose}; keep it now, nobody can show it again\n")
    if is_first:
        sys.stderr.write(
            "it is the first: within seconds everybody needs a token, and what was made without one is an admin's to see"
            + (
                "\n"
                if "admin" in token["scopes"]
                else "; make one, too: tlray token create --user NAME --scope admin\n"
            )
        )


@token.command("list")
def list_all(home: HomeOption = None, url: UrlOption = None, as_json: Json = False) -> None:
    """List all tokens, without their secrets.

    Example: tlray token list
    """
    if url is not None:
        rows = _over_http("GET", url, "/api/v1/tokens")
    else:
        rows = _in_home(
            home, lambda c: c.list_tokens(), lambda journal: [asdict(row) for row in journal.tokens()]
        )
    for row in rows:
        if as_json:
            print(json.dumps({**row, "scopes": list(row["scopes"])}))
        else:
            used = f"used {local_minute(row['last_used_at'])}" if row["last_used_at"] else "never used"
            gone = f", revoked {local_minute(row['revoked_at'])}" if row["revoked_at"] else ""
            made = local_minute(row["created_at"])
            print(f"{row['name']}  {row['user']:20} {','.join(row['scopes']):12} made {made}, {used}{gone}")


@token.command("revoke")
def revoke(
    name: Annotated[str, typer.Argument(help="The token's name: what stands between tlray_ and the second _.")],
    home: HomeOption = None,
    url: UrlOption = None,
) -> None:  # fmt: skip
    """Revoke a token: within seconds nobody is let in by it.

    Example: tlray token revoke 3fa9c1
    """
    name = name.removeprefix("tlray_").partition("_")[0]
    if url is not None:
        _over_http("DELETE", url, f"/api/v1/tokens/{urllib.parse.quote(name, safe='')}")
    elif not _in_home(
        home, lambda c: c.revoke_token(name), lambda journal: journal.revoke_token(name, now=time.time())
    ):
        raise UsageError(f"no token {name!r}; `tlray token list` shows those that are there")
    sys.stderr.write(f"token {name} is revoked\n")


def _in_home(home: Path | None, call: Call[Any], action: Callable[[Journal], Any]) -> Any:
    """Call the coordinator that holds the home, or change the journal where none does."""
    settings = read_settings(home=home)
    where = Home.of(settings.home, settings.storage)
    if not where.is_held() or where.is_held_briefly():
        with offline_journal(where) as journal:
            return action(journal)
    from tlray.cluster.driver.client import Client  # noqa: PLC0415 - Ray is loaded where it is used
    from tlray.cluster.driver.session import open_session  # noqa: PLC0415

    session = open_session(where, settings)
    try:
        return Client(session.coordinator).call(call)
    finally:
        session.close()


def _over_http(method: str, url: str, path: str, body: dict[str, Any] | None = None) -> Any:
    """Ask a running service, once: a token that was made and not heard of would be nobody's."""
    with service(url) as client:
        return client.request(method, path, body=body, max_wait_s=0, patience_s=0)
