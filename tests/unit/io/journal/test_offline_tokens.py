"""Tokens where no service runs: in the journal, while nobody holds the home; and where the service may listen then."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path

import pytest

from tlray.cli import run
from tlray.core.access.same_origin import ANY_ADDRESS
from tlray.core.access.tokens import digest_of
from tlray.errors import HomeInUse, UsageError
from tlray.io.disk.home import Holder, Home
from tlray.io.journal.opening import open_reader
from tlray.io.offline.opening import has_usable_token, offline_journal
from tlray.service.auth.listen_policy import allowing_host, require_may_listen
from tlray.settings import Settings


def test_a_token_is_made_listed_and_revoked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = f"--home={tmp_path}"
    assert not has_usable_token(tmp_path)
    assert run(["token", "create", "--user=ada", "--scope=read", home]) == 0
    text = capsys.readouterr().out.strip()
    digest = digest_of(text)
    with open_reader(tmp_path) as reader:
        found = reader.find_tokens([digest])[digest]
    assert (found.user, found.scopes) == ("ada", ("read",))
    assert has_usable_token(tmp_path)
    assert run(["token", "list", "--json", home]) == 0
    (row,) = map(json.loads, capsys.readouterr().out.splitlines())
    assert text not in str(row)
    assert run(["token", "revoke", row["name"], home]) == 0
    assert not has_usable_token(tmp_path)
    assert run(["token", "list", home]) == 0
    assert "revoked" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["create", "--user=a b"], "letters, digits"),
        (["create", "--user=ada", "--scope=root"], "choose read, submit or admin"),
        (["revoke", "ffffff"], "no token 'ffffff'"),
        (["list", "--url=127.0.0.1:8000"], "give the address of a service"),
    ],
)
def test_wrong_usage_is_one_line(
    arguments: list[str], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["token", *arguments, f"--home={tmp_path}"]) == 2
    said = capsys.readouterr().err
    assert told in said
    assert said.count("\n") == 1


def test_a_home_in_use_is_not_written_to(tmp_path: Path) -> None:
    home = Home(tmp_path).create()
    with home.hold(Holder(1, "here", "127.0.0.1:6379", "")), pytest.raises(HomeInUse), offline_journal(home):
        raise AssertionError("somebody holds it")


def test_two_commands_that_write_a_line_at_once_come_one_after_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr("tlray.cluster.driver.session.open_session")  # no Ray is started for it
    home, first, got = Home(tmp_path).create(), threading.Event(), []

    def hold_for_a_moment() -> None:
        with offline_journal(home) as journal:
            first.set()
            time.sleep(0.5)  # longer than a holder waits for another coordinator
            got.append(journal.requires_tokens())

    other = threading.Thread(target=hold_for_a_moment)
    other.start()
    assert first.wait(60)
    assert run(["token", "create", "--user=ada", f"--home={tmp_path}"]) == 0
    other.join()
    assert got == [False], "the first did not see the token of the second"


def test_the_service_listens_at_loopback_or_where_tokens_are_asked_for(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    for host in ("127.0.0.1", "localhost", "::1"):
        require_may_listen(host, settings)
    for host in ("0.0.0.0", "::", "10.0.0.1", "sets.example.org", ""):  # noqa: S104 - nothing is bound
        with pytest.raises(UsageError, match="tlray token create"):
            require_may_listen(host, settings)
    run(["token", "create", "--user=ada", f"--home={tmp_path}"])
    require_may_listen("10.0.0.1", settings)


def test_the_address_that_is_listened_at_is_answered_for() -> None:
    assert allowing_host("10.0.0.1", Settings(allowed_hosts="a.test")).hosts == {"a.test", "10.0.0.1"}
    assert allowing_host("127.0.0.1", Settings()).hosts == frozenset()
    assert allowing_host("0.0.0.0", Settings()).hosts == {ANY_ADDRESS}  # noqa: S104
