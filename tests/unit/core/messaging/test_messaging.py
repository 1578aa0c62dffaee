"""What to do with a message, how its queue is declared, what a file of requests and an event become."""

from __future__ import annotations

import json

import pytest

from tlray.core.messaging.events import Event, event_body, routing_key
from tlray.core.messaging.request_file import requests_of
from tlray.core.messaging.requests import (
    MAX_BODY_BYTES,
    Accepted,
    Acknowledge,
    DeadLetter,
    Duplicate,
    Failed,
    Message,
    NoRoom,
    Refused,
    Request,
    Submission,
    Wait,
    content_key,
    next_step,
    read_message,
)
from tlray.core.messaging.topology import RequestQueue, queue_kind
from tlray.errors import UsageError


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (Message(b"{}", "k", "gzip"), "content-encoding 'gzip'"),
        (Message(b"x" * (MAX_BODY_BYTES + 1), "k"), "1,000,001 bytes"),
        (Message(b"{}", "k" * 201), "201 characters"),
        (Message(b"{}", "a\nb"), "control characters"),
    ],
)
def test_a_message_that_is_no_request_is_a_dead_letter(message: Message, words: str) -> None:
    found = read_message(message)
    assert isinstance(found, DeadLetter)
    assert words in found.reason


@pytest.mark.parametrize("encoding", [None, "", "utf-8", "UTF8 ", "binary", "identity"])
def test_a_request_is_known_by_its_id_or_else_by_its_content(encoding: str | None) -> None:
    assert read_message(Message(b"{}", "k", encoding)) == Request(b"{}", "k")
    assert read_message(Message(b"{}", None, encoding)) == Request(b"{}", content_key(b"{}"))
    assert content_key(b"{}") != content_key(b"{ }")


@pytest.mark.parametrize(
    ("result", "n_tries", "step"),
    [
        (Accepted("b"), 0, Acknowledge(is_duplicate=False)),
        (Duplicate("b"), 0, Acknowledge(is_duplicate=True)),
        (Refused("no URL"), 0, DeadLetter("no URL")),
        # half of the time that room may take, within bounds; nobody knows: the longest
        (NoRoom("full", 6), 0, Wait(3, "full")),
        (NoRoom("full", 0), 0, Wait(0.5, "full")),
        (NoRoom("full", 3_600), 0, Wait(10, "full")),
        (NoRoom("full"), 0, Wait(10, "full")),
        # a bug may be over in a moment; a message that always meets it must not hold up the others
        (Failed("KeyError"), 1, Wait(2, "KeyError")),
        (Failed("KeyError"), 2, Wait(8, "KeyError")),
        (Failed("KeyError"), 3, DeadLetter("a bug of tlray: KeyError")),
    ],
)
def test_what_follows_from_a_submission(
    result: Submission, n_tries: int, step: Acknowledge | DeadLetter | Wait
) -> None:
    assert next_step(result, n_tries) == step


def test_a_reason_is_one_plain_line_of_bounded_length() -> None:
    assert DeadLetter("a\nb\x1b[2J").reason == "a b?[2J"
    assert len(DeadLetter("x" * 9_999).reason) == 600


@pytest.mark.parametrize("version", ["3.10.8", "3.13.7", "", "nightly", "x.4.0"])
def test_a_broker_before_4_gets_a_classic_queue_with_priorities(version: str) -> None:
    assert queue_kind(version, RequestQueue()).arguments == {"x-max-priority": 5}


@pytest.mark.parametrize("version", ["4.0.0", "4.1.2-rc.1", "10.0"])
def test_a_broker_from_4_on_gets_a_quorum_queue_that_never_drops_a_message(version: str) -> None:
    arguments = queue_kind(version, RequestQueue("sets")).arguments
    assert arguments["x-queue-type"] == "quorum"
    assert arguments["x-dead-letter-exchange"] == "sets.dead"
    assert "x-max-priority" not in arguments


def bodies(text: str | bytes, **more: str) -> list[dict[str, object]]:
    content = text if isinstance(text, bytes) else text.encode()
    return [json.loads(made.body) for made in requests_of(content, **more)]


def test_a_file_is_a_request_or_one_a_line_or_a_list_of_urls() -> None:
    assert bodies('\ufeff{"urls":\n["http://a/é"]}') == [{"urls": ["http://a/é"]}]
    assert bodies('{"urls":["a"]}\n\n{"template":"t"}\n') == [{"urls": ["a"]}, {"template": "t"}]
    assert bodies("# sets\nhttp://a/1\r\n\n http://a/2 ") == [{"urls": ["http://a/1", "http://a/2"]}]
    assert bodies("http://a/1", name="sets") == [{"urls": ["http://a/1"], "name": "sets"}]


def test_a_long_list_becomes_several_requests_that_each_fit() -> None:
    by_number = bodies("".join(f"http://a/{n}\n" for n in range(25_000)))
    assert [len(body["urls"]) for body in by_number] == [10_000, 10_000, 5_000]  # type: ignore[arg-type]
    made = requests_of("".join(f"http://a/{'é' * 900}{n}\n" for n in range(2_000)).encode())
    assert all(len(request.body) <= MAX_BODY_BYTES for request in made)
    assert sum(len(json.loads(request.body)["urls"]) for request in made) == 2_000


def test_ids_come_from_the_content_or_are_given() -> None:
    (one,) = requests_of(b'{"urls":["a"]}')
    assert one == requests_of(b' {"urls": ["a"]} ')[0]
    assert one.key == content_key(one.body)
    assert [r.key for r in requests_of(b'{"urls":["a"]}', key="k")] == ["k"]
    assert [r.key for r in requests_of(b'{"urls":["a"]}\n{"urls":["b"]}', key="k")] == ["k/1", "k/2"]


def test_the_priority_of_a_message_is_that_of_its_batch() -> None:
    lines = "\n".join(
        json.dumps({"urls": ["a"], "priority": p}) for p in ("low", "normal", "immediate", "odd")
    )
    assert [r.priority for r in requests_of(lines.encode())] == [1, 3, 5, 3]
    (given,) = requests_of(b'{"urls":["a"],"priority":"low"}', priority="immediate")
    assert (given.priority, json.loads(given.body)["priority"]) == (5, "immediate")


@pytest.mark.parametrize(
    ("content", "more", "words"),
    [
        (b"", {}, "no request and no URL"),
        (b"# only\n\n", {}, "no request and no URL"),
        (b"\xff\xfe", {}, "UTF-8"),
        (b"{", {}, "the file is no JSON"),
        (b'{"urls":["a"]}\n{"urls":', {}, "line 2 is no JSON"),
        (b'{"urls":["a"]}\n[1]', {}, "line 2 is no batch request"),
        (b'{"a":\n1', {}, "the file is no JSON"),
        (b"[" * 100_000, {}, "the file is no JSON"),
        (b"[1]", {}, "the file is no batch request"),
        (b'{"name":"x"}', {}, "no batch request"),
        (b'{"urls":["' + b"a" * MAX_BODY_BYTES + b'"]}', {}, "split it"),
        (b'{"urls":["a"]}', {"name": "x"}, "--name"),
        (b"a", {"key": ""}, "--key"),
        (b"a", {"key": "k" * 201}, "--key"),
        (b"a", {"key": "a\nb"}, "--key"),
        (b"a", {"priority": "high"}, "--priority 'high'"),
    ],
)
def test_a_file_that_cannot_be_published_says_why(content: bytes, more: dict[str, str], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        requests_of(content, **more)


def test_an_event_says_its_type_its_id_and_its_batch() -> None:
    event = Event(7, "evt-h-7", "item.dead", "b1", 1_795_000_000.25, {"url": "http://a/é", "reason": None})
    assert routing_key(event) == "item.dead.b1"
    assert json.loads(event_body(event)) == {
        "type": "item.dead",
        "id": "evt-h-7",
        "timestamp": "2026-11-18T11:06:40.250Z",
        "data": {"batch_id": "b1", "url": "http://a/é", "reason": None},
    }
