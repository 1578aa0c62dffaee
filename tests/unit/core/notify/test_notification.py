"""A notice is tried for a day and no longer, signed so that any Standard Webhooks library believes it."""

from __future__ import annotations

import json
import time

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from tlray.core.notify.notification import (
    DAY_S,
    MAX_ATTEMPTS,
    WAITS_S,
    Delivery,
    NotificationState,
    mail_address,
    next_attempt_at,
    of_status,
    why_not_again,
)
from tlray.core.notify.webhook_signature import headers, secret_text

FAILED = Delivery(500, "not taken")


def attempts(delivery: Delivery, *, jitter: float) -> list[float]:
    """The moments of all attempts of a notice made at 0."""
    now: float | None = 0.0
    found = []
    while now is not None:
        found.append(now)
        now = next_attempt_at(delivery, len(found), made_at=0.0, now=now, jitter=jitter)
    return found


@pytest.mark.parametrize("jitter", [0.0, 0.5, 1.0])
def test_a_notice_that_is_never_taken_is_tried_for_a_day(jitter: float) -> None:
    found = attempts(FAILED, jitter=jitter)
    assert len(found) == len(WAITS_S) + 1 == 9
    assert found[1] == WAITS_S[0] * (1 + 0.1 * jitter)
    assert 0.9 * DAY_S < found[-1] <= 1.1 * DAY_S


def test_what_a_receiver_asks_for_is_waited_but_not_beyond_the_day() -> None:
    busy = Delivery(429, "not taken", retry_after_s=600.0)
    assert next_attempt_at(busy, 1, made_at=0.0, now=10.0, jitter=0.0) == 610.0
    assert next_attempt_at(busy, 5, made_at=0.0, now=10.0, jitter=0.0) == 10.0 + WAITS_S[4]
    never = Delivery(429, "not taken", retry_after_s=3 * DAY_S)
    assert next_attempt_at(never, 1, made_at=0.0, now=10.0, jitter=0.0) is None


def test_a_notice_that_was_given_up_can_be_sent_again_but_not_without_end() -> None:
    given_up = NotificationState.GIVEN_UP
    assert why_not_again(given_up, 9) is None
    assert why_not_again(given_up, MAX_ATTEMPTS - 1) is None
    assert "25 times" in str(why_not_again(given_up, MAX_ATTEMPTS))
    assert why_not_again(NotificationState.DUE, MAX_ATTEMPTS) is None
    assert "was delivered" in str(why_not_again(NotificationState.DELIVERED, 1))
    assert next_attempt_at(FAILED, 10, made_at=0.0, now=2 * DAY_S, jitter=0.0) is None  # once each time


@pytest.mark.parametrize(
    ("status", "delivered", "hopeless"),
    [
        (200, True, False),
        (204, True, False),
        # a redirect is not followed: it could lead into our own network
        (302, False, False),
        (400, False, False),
        (404, False, False),
        # the receiver wants no more of them (Standard Webhooks)
        (410, False, True),
        (500, False, False),
    ],
)
def test_a_status_says_whether_it_is_tried_again(status: int, delivered: bool, hopeless: bool) -> None:
    found = of_status(status, None)
    assert (found.is_delivered, found.is_hopeless) == (delivered, hopeless)
    again = next_attempt_at(found, 1, made_at=0.0, now=0.0, jitter=0.0)
    assert (again is None) == (delivered or hopeless)


def test_the_standard_library_of_receivers_believes_our_signature() -> None:
    old, new = secret_text(b"o" * 32), secret_text(b"n" * 24)
    body = json.dumps({"type": "batch.completed", "data": {"name": "Ä"}}, ensure_ascii=False).encode()
    signed = headers("msg_1", body, (new, old), now=time.time())
    for secret in (old, new):
        assert Webhook(secret).verify(body, signed)["type"] == "batch.completed"
    with pytest.raises(WebhookVerificationError):
        Webhook(secret_text(b"x" * 32)).verify(body, signed)
    with pytest.raises(WebhookVerificationError):
        Webhook(new).verify(body + b" ", signed)
    with pytest.raises(WebhookVerificationError):
        Webhook(new).verify(body, headers("msg_1", body, (new,), now=time.time() - 3_600))


@pytest.mark.parametrize(
    "good", ["a@b.org", " dj.mail+sets@mail.example.co.uk ", "o'neil@b-c.org", "a@xn--bcher-kva.example"]
)
def test_an_address_is_taken(good: str) -> None:
    assert mail_address(good) == good.strip()


@pytest.mark.parametrize(
    "bad",
    [
        "", "nobody", "a@", "@b.org", "a@b", "a b@c.org", "a@b..org", "a@-b.org", "a..b@c.org", "a@b.org, c@d.org",
        # what would add a header, or a recipient
        "a@b.org\nBcc: c@d.org", "A <a@b.org>", "a@b.org>", "ä@b.org", "a@bü.org", f"{'x' * 65}@b.org", f"a@{'b.' * 130}org",
    ],
)  # fmt: skip
def test_what_is_no_address_is_told(bad: str) -> None:
    with pytest.raises(ValueError, match="is no e-mail address"):
        mail_address(bad)
