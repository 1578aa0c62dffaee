"""The log: one line an event in either form, whatever a site or a user says; no secret; each event of ours is documented."""

from __future__ import annotations

import ast
import json
import logging
import re
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import tlray
from tlray import cli
from tlray.io.process import event_log
from tlray.io.process.event_log import EventFormatter, LogConfig, write_log
from tlray.io.process.plain_log import keep_logs_plain

ROOT = Path(tlray.__file__).parent
FOR_PEOPLE = ("batch_run.py", "cluster/driver/session.py", "io/disk/home.py")
"""Warnings to a user of a command or of Python, in sentences."""
HOSTILE = ("\x1b[2J", "\x07", "\r", "\n", "\x9b1m", "\x7f", "\u202e", "\u2066", "\u2028", "\x85", "\udcff")


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    logger = logging.getLogger("tlray")
    before = logger.handlers[:], logger.level, logger.propagate
    keep_logs_plain()
    yield
    logger.handlers[:], logger.level, logger.propagate = before


class Written:
    """What a test has written to stderr so far."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys, self._text = capsys, ""

    def getvalue(self) -> str:
        self._text += self._capsys.readouterr().err
        return self._text


@pytest.fixture
def written(capsys: pytest.CaptureFixture[str]) -> Written:
    return Written(capsys)


def log(form: Any, message: str, *args: object, level: int = logging.INFO, **more: Any) -> None:
    write_log(LogConfig(form))
    logging.getLogger("tlray.x").log(level, message, *args, **more)


def test_an_event_is_one_line_of_text_with_its_fields(written: Written) -> None:
    log("text", "domain rests domain=%s rest_s=%.0f why=%s", "a.test", 12.345, "blocked: captcha")
    assert re.fullmatch(
        r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z info domain rests domain=a\.test rest_s=12\.0 why="blocked: captcha"\n',
        written.getvalue(),
    )


def test_an_event_is_one_json_object_with_typed_fields(written: Written) -> None:
    log("json", "lease lost lease=%s items=%d share=%.2f is_last=%s why=%s", "0001-1", 37, 0.126, True, None)
    found = json.loads(written.getvalue())
    assert found.pop("at").endswith("Z")
    assert found == {
        "level": "info", "event": "lease lost", "from": "tlray.x", "lease": "0001-1", "items": 37, "share": 0.13,
        "is_last": True, "why": None,
    }  # fmt: skip


@pytest.mark.parametrize("drives", HOSTILE)
@pytest.mark.parametrize("form", ["text", "json"])
def test_hostile_words_stay_in_their_field_and_drive_no_terminal(
    form: str, drives: str, written: Written
) -> None:
    log(form, "domain rests domain=%s why=%s", "a.test", f'a{drives}level=error why="x" \\" {{"event":1}}')
    line = written.getvalue()
    assert line.count("\n") == 1
    assert line.endswith("\n")
    assert not [char for char in line[:-1] if not char.isprintable()], ascii(line)
    if form == "json":
        found = json.loads(line)
        assert (found["event"], found["level"]) == ("domain rests", "info")
        assert set(found) == {"at", "level", "event", "from", "domain", "why"}
    else:
        assert re.search(r' why="(?:[^"\\]|\\.)*"\n$', line), "what is quoted ends where it began"


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_traceback_is_in_the_same_line(form: str, written: Written) -> None:
    error = ValueError("bad \x1b[2J name\nof amqp://me:s3cret@host/")
    log(form, "failed what=%s", "it", level=logging.ERROR, exc_info=error)
    line = written.getvalue()
    assert line.count("\n") == 1
    assert "ValueError: bad " in line
    assert "s3cret" not in line
    assert "\x1b" not in line


@pytest.mark.parametrize(
    "secret",
    [
        "amqp://me:s3cr3t-w0rd@host:5672/x",
        "redis://:s3cr3t-w0rd@host/0",
        "redis://:n@t-s3cr3t-w0rd@host/0",
        "postgresql://host/db?sslmode=require&password=s3cr3t-w0rd",
        "https://bucket.test/part.warc?X-Amz-Signature=s3cr3t-w0rd&X-Amz-Expires=60",
        "tlray_a1b2c3_s3cr3t-w0rdxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "whsec_s3cr3tw0rdMTIzNDU2",
        "Authorization: Bearer s3cr3t-w0rd",
    ],
)
@pytest.mark.parametrize("form", ["text", "json"])
def test_secrets_are_masked_wherever_they_stand(form: str, secret: str, written: Written) -> None:
    log(form, "failed why=%s", f"no way: {secret}")
    log(form, f"failed at {secret}")
    assert "s3cr3t" not in written.getvalue()
    assert written.getvalue().count("***") == 2


def test_a_message_without_fields_is_an_event_as_it_is(written: Written) -> None:
    log("json", "100 %% of %s: it says why=%s and\nmore", "a.test", "x")
    log("json", "all is well")
    log("json", "why=%s without a name", "x")
    assert [json.loads(line)["event"] for line in written.getvalue().splitlines()] == [
        "100 % of a.test: it says why=x and\\nmore", "all is well", "why=x without a name",
    ]  # fmt: skip


def test_a_field_cannot_stand_in_the_place_of_ours_and_a_value_is_bounded(written: Written) -> None:
    began = time.process_time()
    log("json", "x level=%s event=%s at=%s why=%s", "error", "forged", "never", "y" * 50_000)
    assert time.process_time() - began < 1, "in one pass, however long a word is"
    found = json.loads(written.getvalue())
    assert (found["level"], found["event"]) == ("info", "x")
    assert len(found["why"]) == event_log.MAX_VALUE_CHARS + 1


def test_numbers_that_json_does_not_have_are_words(written: Written) -> None:
    log("json", "x rest_s=%.0f", float("inf"))
    assert json.loads(written.getvalue())["rest_s"] == "inf"


def test_the_level_decides_and_the_form_is_replaced(written: Written) -> None:
    write_log(LogConfig("json", "warning"))
    write_log(LogConfig("text", "warning"))
    logging.getLogger("tlray.x").info("quiet a=%s", 1)
    logging.getLogger("tlray.x").warning("loud a=%s", 1)
    assert written.getvalue().count("loud") == 1
    assert "quiet" not in written.getvalue()


def test_a_command_writes_its_warnings_as_json_where_that_is_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TLRAY_LOG_FORMAT", "json")
    assert cli.run(["list", "--home", str(tmp_path)]) == 0
    logging.getLogger("tlray.x").warning("loud a=%s", 1)
    assert json.loads(capsys.readouterr().err.splitlines()[-1])["a"] == 1
    monkeypatch.setenv("TLRAY_LOG_FORMAT", "xml")
    assert cli.run(["list", "--home", str(tmp_path)]) == 2
    assert "TLRAY_LOG_FORMAT" in capsys.readouterr().err


# -- our own calls ---------------------------------------------------------------------------------------


@cache
def calls() -> list[tuple[str, str]]:
    """Each call of a logger of ours: its module and its message."""
    return list(_calls())


def _calls() -> Iterator[tuple[str, str]]:
    for path in sorted(ROOT.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(text)) if "logger." in text else ():
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and isinstance(node.func.value, ast.Name)
                and node.func.value.id == "logger"
                and node.func.attr in ("debug", "info", "warning", "error", "exception")
            ):
                message = node.args[0]
                assert isinstance(message, ast.Constant), f"{path}:{node.lineno}: write the message there"
                yield str(path.relative_to(ROOT)), message.value


def test_each_event_of_ours_has_a_name_and_fields_and_is_documented() -> None:
    text = (ROOT.parent / "docs" / "operations.md").read_text(encoding="utf-8")
    found = [(module, message) for module, message in calls() if module not in FOR_PEOPLE]
    assert len(found) > 25
    for module, message in found:
        n_args = len(re.findall("%", message))
        args: tuple[object, ...] = tuple(
            "1" if mark.endswith("s") else 1 for mark in re.findall(r"%[.\d]*[a-z]", message)
        )
        event, fields = event_log.event_of(logging.LogRecord("tlray.x", 20, "", 1, message, args, None))
        assert len(fields) == n_args, f"{module}: {message!r}: write it as `what happened key=%s`"
        assert event, f"{module}: {message!r} has no name"
        assert f"| `{event}` |" in text, f"docs/operations.md does not list {event!r} of {module}"


def test_the_documented_events_are_there() -> None:
    text = (ROOT.parent / "docs" / "operations.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"^\| `([a-z][^`]*)` \| (?:debug|info|warning|error) \|", text, re.MULTILINE))
    events = {re.sub(r" \w+=%.*", "", message) for module, message in calls() if module not in FOR_PEOPLE}
    assert listed == events


def test_the_formatter_serves_records_of_others() -> None:
    record = logging.LogRecord("others", logging.WARNING, "", 1, "a %(b)s", ({"b": "c\x1b"},), None)
    assert EventFormatter("text").format(record).endswith("warning a c?")
