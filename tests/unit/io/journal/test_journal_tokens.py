"""Tokens in the journal: found by their hash, listed without it, revoked for good."""

from __future__ import annotations

from pathlib import Path

from tlray.core.access.tokens import NewToken, spell
from tlray.io.journal.writer import Journal


def kept(journal: Journal, n: int, user: str = "ada", scope: str = "submit") -> NewToken:
    token = spell(bytes([0, 0, n]), bytes([n] * 32))
    for _ in range(2):  # a repeated call changes nothing
        journal.create_token(name=token.name, digest=token.digest, user=user, scopes=(scope,), now=float(n))
    return token


def test_a_token_is_found_by_its_hash_and_the_file_does_not_have_it(journal: Journal, tmp_path: Path) -> None:
    token = kept(journal, 1)
    nobodys = "0" * 64
    rows = journal.find_tokens(digests=(nobodys, token.digest))
    assert list(rows) == [token.digest]
    found = rows[token.digest]
    assert (found.name, found.user, found.scopes, found.created_at) == ("000001", "ada", ("submit",), 1.0)
    assert found.held == {"read", "submit"}
    assert journal.find_tokens(digests=()) == {}
    secret = token.text.split("_", 2)[2].encode()
    assert not any(secret in file.read_bytes() for file in tmp_path.iterdir())


def test_a_revoked_token_lets_nobody_in_but_the_door_stays_locked(journal: Journal) -> None:
    assert not journal.requires_tokens()
    token = kept(journal, 1)
    assert journal.requires_tokens()
    assert journal.revoke_token(name=token.name, now=5.0)
    assert journal.revoke_token(name=token.name, now=6.0), "once more is no error"
    assert not journal.revoke_token(name="ffffff", now=5.0)
    assert journal.find_tokens(digests=(token.digest,)) == {}
    assert journal.requires_tokens()
    assert [row.revoked_at for row in journal.tokens()] == [5.0]


def test_tokens_are_listed_with_their_last_use(journal: Journal) -> None:
    first, _ = kept(journal, 1), kept(journal, 2, "bob", "admin")
    journal.record_token_use(name=first.name, now=9.0)
    assert [(row.user, row.last_used_at) for row in journal.tokens()] == [("ada", 9.0), ("bob", None)]
