"""What tlray logs is plain: one line of words, a traceback without escapes; other libraries' records stay as they are."""

from __future__ import annotations

import io
import logging

import pytest

import tlray.cluster  # noqa: F401 - each process that works for tlray imports it
from tlray.core.notify.notification import Delivery
from tlray.io.http.response import printable_reason
from tlray.io.intake.url_list import refused_line
from tlray.sites.registry import failure
from tlray.sites.tracklists1001 import Tracklists1001


def logged(name: str, message: str, *, raises: str = "") -> str:
    out = io.StringIO()
    logger, handler = logging.getLogger(name), logging.StreamHandler(out)
    logger.addHandler(handler)
    logger.error("failed why=%s", message, exc_info=ValueError(raises) if raises else None)
    logger.removeHandler(handler)
    return out.getvalue()


def test_words_of_a_site_stay_one_line_and_drive_nothing() -> None:
    assert logged("tlray.cluster.x", "a\x1b]0;b\x07\n2026 c\x9b\u202e") == "failed why=a?]0;b?\\n2026 c??\n"


def test_a_traceback_is_plain_too() -> None:
    told = logged("tlray.service", "x", raises="bad \x1b[2J name")
    assert "ValueError: bad ?[2J name" in told


def test_other_libraries_log_as_they_do() -> None:
    assert logged("others", "a\x1b") == "failed why=a\x1b\n"


@pytest.mark.parametrize(
    "drives", ["\x1b[2J", "\x07", "\x9b", "\x7f", "\u202e", "\u2066", "\u2028", "\r", "\udcff"]
)
def test_a_reason_is_plain_when_it_is_made(drives: str) -> None:
    reasons = [
        printable_reason(f"a {drives} b"),
        failure(Tracklists1001(), ValueError(f"a {drives} b")),
        refused_line(1, drives, f"a {drives} b".replace("\udcff", "?")).reason,
    ]
    for reason in reasons:
        assert reason is not None
        assert drives[0] not in reason
        assert reason.endswith("b")


def test_what_a_receiver_says_of_a_notice_is_plain() -> None:
    assert Delivery(550, "no\x1b[2J such\r\nuser\u202e").reason == "no?[2J such user?"
