"""A ticket stands for the token of whoever asked for it: once, for half a minute, and for as long as that is good."""

from __future__ import annotations

from pathlib import Path

import pytest
from made_desk import Desk

from tlray.cluster.handlers import access as ticket_access
from tlray.core.access.tokens import SCOPES


async def test_a_ticket_is_good_once_and_ends_with_its_token(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    access = desk.coordinator
    await access.create_token("aaaaaa", "token", "ada", ("submit",))
    for ticket in ("one", "two"):
        assert await access.issue_ticket(ticket, "token") == ticket_access.TICKET_S
    told = await access.redeem_tickets(["one", "none"])
    assert [(d, row["user"], row["scopes"]) for d, row in told.items()] == [
        ("one", "ada", ("read", "submit"))
    ]
    assert await access.redeem_tickets(["one"]) == {}
    assert await access.revoke_token("aaaaaa")
    assert await access.redeem_tickets(["two"]) == {}
    desk.close()


async def test_a_ticket_of_the_time_before_the_first_token_ends_with_it(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    access = desk.coordinator
    for ticket in ("one", "two"):
        await access.issue_ticket(ticket, "")
    assert await access.redeem_tickets(["one"]) == {"one": {"user": "", "scopes": SCOPES}}
    await access.create_token("aaaaaa", "token", "ada", ("read",))
    assert await access.redeem_tickets(["two"]) == {}
    desk.close()


async def test_tickets_grow_old_and_are_not_kept_without_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk(tmp_path)
    access = desk.coordinator
    monkeypatch.setattr(ticket_access, "MAX_TICKETS", 2)
    for ticket in ("one", "two", "three"):
        await access.issue_ticket(ticket, "")
    assert await access.redeem_tickets(["one"]) == {}
    assert list(await access.redeem_tickets(["three"])) == ["three"]
    monkeypatch.setattr(ticket_access, "TICKET_S", 0.0)
    await access.issue_ticket("four", "")
    assert await access.redeem_tickets(["four"]) == {}
    desk.close()
