"""Tokens in the journal: found by their hash, listed without it, revoked for good."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tlray.core.access.tokens import NewToken, spell
from tlray.io.journal.sqlite import SqliteJournal
from tlray.io.journal.tokens import (
    create_token,
    find_tokens,
    had_tokens,
    has_tokens,
    list_tokens,
    may_submit,
    note_use,
    revoke_token,
)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[SqliteJournal]:
    journal = SqliteJournal(tmp_path / "state.db")
    yield journal
    journal.close()


def kept(journal: SqliteJournal, n: int, user: str = "ada", scope: str = "submit") -> NewToken:
    token = spell(bytes([0, 0, n]), bytes([n] * 32))
    new = partial(
        create_token, name=token.name, digest=token.digest, user=user, scopes=(scope,), now=float(n)
    )
    journal.run(new)
    journal.run(new)  # a repeated call changes nothing
    return token


def test_a_token_is_found_by_its_hash_and_the_file_does_not_have_it(
    journal: SqliteJournal, tmp_path: Path
) -> None:
    token = kept(journal, 1)
    nobodys = "0" * 64
    rows = journal.run(partial(find_tokens, digests=(nobodys, token.digest)))
    assert list(rows) == [token.digest]
    found = rows[token.digest]
    assert (found.name, found.user, found.scopes, found.created_at) == ("000001", "ada", ("submit",), 1.0)
    assert found.held == {"read", "submit"}
    assert journal.run(partial(find_tokens, digests=())) == {}
    secret = token.text.split("_", 2)[2].encode()
    assert not any(secret in file.read_bytes() for file in tmp_path.iterdir())


def test_a_revoked_token_lets_nobody_in_but_the_door_stays_locked(journal: SqliteJournal) -> None:
    assert (journal.run(had_tokens), journal.run(has_tokens)) == (False, False)
    token = kept(journal, 1)
    assert (journal.run(had_tokens), journal.run(has_tokens)) == (True, True)
    assert journal.run(partial(revoke_token, name=token.name, now=5.0))
    assert journal.run(partial(revoke_token, name=token.name, now=6.0)), "once more is no error"
    assert not journal.run(partial(revoke_token, name="ffffff", now=5.0))
    assert journal.run(partial(find_tokens, digests=(token.digest,))) == {}
    assert (journal.run(had_tokens), journal.run(has_tokens)) == (True, False)
    assert [row.revoked_at for row in journal.run(list_tokens)] == [5.0]


def test_tokens_are_listed_with_their_last_use(journal: SqliteJournal) -> None:
    first, _ = kept(journal, 1), kept(journal, 2, "bob", "admin")
    journal.run(partial(note_use, name=first.name, now=9.0))
    assert [(row.user, row.last_used_at) for row in journal.run(list_tokens)] == [("ada", 9.0), ("bob", None)]


def test_a_journal_from_before_there_were_tokens_has_none() -> None:
    with sqlite3.connect(":memory:") as db:
        assert not had_tokens(db)
        assert not has_tokens(db)
    db.close()


def test_who_may_submit_is_known_by_their_tokens(journal: SqliteJournal) -> None:
    for name, user, scope in (("1", "ada", "submit"), ("2", "bob", "read"), ("3", "root", "admin")):
        journal.run(partial(create_token, name=name, digest=name, user=user, scopes=(scope,), now=1.0))
    may = {user: journal.run(partial(may_submit, user=user)) for user in ("ada", "bob", "root", "eve")}
    assert may == {"ada": True, "bob": False, "root": True, "eve": False}
    journal.run(partial(revoke_token, name="1", now=2.0))
    assert not journal.run(partial(may_submit, user="ada"))
