"""Whoever asked to be told of a batch is told: signed, again and again until it is taken, and every attempt on record."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from conftest import Clock, Service, Site, StartSite
from receivers import Mailbox, Receiver, open_receiver
from standardwebhooks.webhooks import Webhook

from tlray.cluster.handlers.outbox import HOLD_S
from tlray.core.notify.notification import MAX_AT_ONCE, MAX_TO_ONE
from tlray.io.notify.webhook import TIMEOUT_S
from tlray.service.backend.notifier import SHORT_WAIT_S

pytestmark = pytest.mark.ray


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with open_receiver() as receiver:
        yield receiver


def deliveries(http: httpx.Client, batch_id: str) -> list[dict[str, Any]]:
    answer = http.get(f"/api/v1/batch/{batch_id}/deliveries")
    assert answer.status_code == 200, answer.text
    return list(answer.json()["deliveries"])


def wait_until_settled(
    http: httpx.Client, batch_id: str, state: str, *, timeout_s: float = 60
) -> dict[str, Any]:
    deadline = time.monotonic() + timeout_s
    while not (found := [d for d in deliveries(http, batch_id) if d["state"] == state]):
        assert time.monotonic() < deadline, deliveries(http, batch_id)
        time.sleep(0.1)
    return found[0]


def missing(site: Site) -> str:
    return site.urls()[0].rpartition("/tracklist/")[0] + "/tracklist/zzzzzzzz/no-such-set.html"


def test_a_webhook_tells_of_the_end_and_a_standard_library_believes_it(
    http: httpx.Client, service: Service, site: Site, receiver: Receiver
) -> None:
    batch_id = service.submit(
        [*site.urls()[:3], missing(site)], name="told", webhook=receiver.url + "/end?key=a%2Fb"
    )
    service.wait_for(batch_id)
    posted = receiver.wait_for("/end?key=a%2Fb", 2)
    by_type = {p.said["type"]: p for p in posted}
    assert set(by_type) == {"batch.completed", "batch.dead_letters"}

    secret = http.get("/api/v1/webhooks/secret").json()["secret"]
    end = by_type["batch.completed"]
    assert Webhook(secret).verify(end.body, end.headers) == end.said
    assert end.headers["content-type"] == "application/json"
    data = end.said["data"]
    assert (data["batch_id"], data["name"], data["state"]) == (batch_id, "told", "completed")
    assert (data["counts"]["succeeded"], data["counts"]["dead"], data["total"]) == (3, 1, 4)
    assert data["dead_letters"][0]["url"] == missing(site)

    told = wait_until_settled(http, batch_id, "delivered")
    assert told["target"] == receiver.url + "/end?key=a%2Fb"
    assert {d["id"] for d in deliveries(http, batch_id)} == {p.id for p in posted}
    assert [a["status"] for a in told["attempts"]] == [204]


def test_a_receiver_that_hangs_holds_up_no_other(
    http: httpx.Client, service: Service, site: Site, receiver: Receiver
) -> None:
    url = site.urls()[0]
    slow = [service.submit([url], webhook=f"{receiver.url}/hangs") for _ in range(MAX_AT_ONCE + 2)]
    for batch_id in slow:
        service.wait_for(batch_id)
    receiver.wait_for("/hangs", MAX_TO_ONE)
    began = time.monotonic()
    quick = service.submit([url], webhook=f"{receiver.url}/does-not")
    receiver.wait_for("/does-not")
    assert time.monotonic() - began < TIMEOUT_S * len(slow) / MAX_TO_ONE / 2, "it waits for no other"
    assert len(receiver.at("/hangs")) == MAX_TO_ONE, "so many at once, whatever is due"
    wait_until_settled(http, quick, "delivered")
    receiver.hangs.set()
    for batch_id in slow:
        wait_until_settled(http, batch_id, "delivered")


def test_a_webhook_that_is_not_taken_is_sent_again_with_the_same_id_and_words_whoever_dies_meanwhile(
    http: httpx.Client, service: Service, site: Site, receiver: Receiver
) -> None:
    receiver.answers["/flaky"] = [(500, {})]
    batch_id = service.submit(site.urls()[:1], webhook=receiver.url + "/flaky")
    receiver.wait_for("/flaky")
    wait_until_settled(http, batch_id, "due")
    os.kill(service.coordinator_pid(), signal.SIGKILL)
    first, second = receiver.wait_for("/flaky", 2)
    assert (first.id, first.body) == (second.id, second.body)
    assert first.headers["webhook-signature"] != second.headers["webhook-signature"]
    told = wait_until_settled(http, batch_id, "delivered")
    assert [(a["status"], a["why"]) for a in told["attempts"]] == [(500, "not taken"), (204, "")]
    assert told["attempts"][1]["at"] - told["attempts"][0]["at"] >= 5
    assert told["next_attempt_at"] is None


def test_a_redirect_is_not_followed_and_who_is_gone_is_asked_no_more(
    http: httpx.Client, service: Service, site: Site, receiver: Receiver
) -> None:
    receiver.answers["/moved"] = [(302, {"Location": receiver.url + "/elsewhere"})] * 20
    receiver.answers["/gone"] = [(410, {})]
    moved = service.submit(site.urls()[:1], webhook=receiver.url + "/moved")
    gone = service.submit(site.urls()[:1], webhook=receiver.url + "/gone")
    receiver.wait_for("/moved")
    told = wait_until_settled(http, gone, "given_up")
    assert [a["status"] for a in told["attempts"]] == [410]
    told = wait_until_settled(http, moved, "due")
    assert told["attempts"][0]["why"] == "a redirect, which is not followed"
    assert told["next_attempt_at"] > time.time()
    assert receiver.at("/elsewhere") == []


def test_mail_tells_of_the_end_and_who_is_not_there_is_written_to_once(
    http: httpx.Client, service: Service, site: Site, mailbox: Mailbox
) -> None:
    batch_id = service.submit(
        [*site.urls()[:2], missing(site)], name="post\u00e9 Bcc: x@example.org", email="dj@example.org"
    )
    service.wait_for(batch_id)
    mails = mailbox.wait_for("dj@example.org", 2)
    end = next(mail for mail in mails if "is complete" in mail["Subject"])
    assert end["Subject"] == "tlray: posté Bcc: x@example.org is complete: 2 of 3 sets, 1 dead letter"
    assert (end["From"], end["Bcc"], end["Auto-Submitted"]) == ("sets@example.org", None, "auto-generated")
    text = end.get_content()
    assert batch_id in text
    assert missing(site) in text
    told = wait_until_settled(http, batch_id, "delivered")
    assert f"<{told['id']}@example.org>" in {mail["Message-ID"] for mail in mails}

    batch_id = service.submit(site.urls()[:1], email="nobody@example.org")
    told = wait_until_settled(http, batch_id, "given_up")
    assert [(a["status"], a["why"]) for a in told["attempts"]] == [(550, "recipient refused: no such user")]


def test_a_block_is_told_when_it_happens(
    http: httpx.Client, service: Service, start_site: StartSite, receiver: Receiver
) -> None:
    blocking = start_site("--sites=1", "--sets=6", "--block=captcha:2:600")
    batch_id = service.submit(blocking.urls(), webhook=receiver.url + "/block", name="blocked")
    (posted,) = receiver.wait_for("/block")
    data = posted.said["data"]
    assert posted.said["type"] == "domain.blocked"
    assert (data["state"], data["domain"]) == ("running", blocking.bases[0].removeprefix("http://"))
    assert "captcha" in data["reason"]
    assert data["until"] > time.time() + 60
    assert deliveries(http, batch_id)[0]["domain"] == data["domain"]
    http.post(f"/api/v1/batch/{batch_id}/cancel")
    service.wait_for(batch_id, "cancelled")
    assert receiver.wait_for("/block", 2)[1].said["type"] == "batch.cancelled"


def test_a_notice_whose_deliverer_died_is_handed_out_again(
    service: Service, clock: Clock, site: Site, receiver: Receiver
) -> None:
    receiver.hangs.clear()
    service.submit(site.urls()[:1], webhook=receiver.url + "/hangs-once")
    receiver.wait_for("/hangs-once")
    assert service.kill_replicas() == 1
    time.sleep(
        SHORT_WAIT_S + 1.0
    )  # so long the coordinator may still hand notices out to the one that is dead
    clock.forward(HOLD_S)
    first, second = receiver.wait_for("/hangs-once", 2)
    assert (first.id, first.body) == (second.id, second.body)


def test_a_new_secret_signs_beside_the_old_one(
    http: httpx.Client, service: Service, site: Site, receiver: Receiver
) -> None:
    old = http.get("/api/v1/webhooks/secret").json()["secret"]
    answer = http.post("/api/v1/webhooks/secret")
    assert answer.status_code == 201, answer.text
    new = answer.json()["secret"]
    assert new != old
    assert http.get("/api/v1/webhooks/secret").json()["secret"] == new
    service.submit(site.urls()[:1], webhook=receiver.url + "/both")
    (posted,) = receiver.wait_for("/both")
    for secret in (old, new):
        Webhook(secret).verify(posted.body, posted.headers)


@pytest.mark.parametrize(
    ("wish", "place", "said"),
    [
        ({"webhook": "http://169.254.169.254/latest"}, "body.webhook", "metadata"),
        ({"webhook": "http://[::ffff:169.254.169.254]/"}, "body.webhook", "metadata"),
        ({"webhook": "http://10.0.0.1/x"}, "body.webhook", "not a public address"),
        ({"webhook": "http://0xa000001/x"}, "body.webhook", "not a public address"),
        ({"webhook": "ftp://example.org/x"}, "body.webhook", "only http and https"),
        ({"webhook": "https://user:pw@example.org/"}, "body.webhook", "password"),
        ({"webhook": "hooks.example.org"}, "body.webhook", "no scheme"),
        ({"webhook": 7}, "body.webhook", "valid string"),
        ({"email": "nobody"}, "body.email", "no e-mail address"),
        ({"email": "a@example.org\r\nBcc: b@example.org"}, "body.email", "no e-mail address"),
        ({"email": "a@example.org,b@example.org"}, "body.email", "no e-mail address"),
    ],
)
def test_who_may_not_be_told_is_refused_at_once(
    http: httpx.Client, site: Site, wish: dict[str, Any], place: str, said: str
) -> None:
    answer = http.post("/api/v1/batch", json={"urls": site.urls()[:1], **wish})
    assert answer.status_code == 422, answer.text
    problem = answer.json()
    assert problem["errors"][0]["where"] == place
    assert said in problem["errors"][0]["what"]


def test_deliveries_of_a_batch_that_is_not_there_are_not_there_either(http: httpx.Client) -> None:
    assert http.get("/api/v1/batch/20260101-000000-aaaaaa/deliveries").status_code == 404
