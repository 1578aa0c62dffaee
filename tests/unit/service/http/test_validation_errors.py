"""What is wrong with a body is told at a place that its sender knows, once, and in words."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from tlray.service.http.bodies import read_json
from tlray.service.http.problems import ProblemError
from tlray.service.http.validation_errors import MAX_FAULTS_SHOWN, faults_of
from tlray.service.schemas.batches import BatchRequest, RetryRequest


def told(body: dict[str, Any], model: Any = BatchRequest) -> dict[str, str]:
    with pytest.raises(ProblemError) as caught:
        read_json(json.dumps(body).encode(), model)
    places = [where for where, _ in caught.value.errors]
    assert len(set(places)) == len(places), "each once"
    return dict(caught.value.errors)


A_VALUE = "Input should be a valid string, a valid integer, a valid array or an object"


@pytest.mark.parametrize(
    ("body", "where", "what"),
    [
        ({"not_before": "tomorrow"}, "body.not_before", "Input should be a valid datetime"),
        ({"not_before": [1]}, "body.not_before", "Input should be a valid number"),
        ({"not_before": -1}, "body.not_before", "greater than or equal to 0"),
        ({"variables": {"event": 1.5}}, "body.variables.event", A_VALUE),
        ({"variables": {"event": None}}, "body.variables.event", A_VALUE),
        # a list fits so far; what is wrong is one of its values
        ({"variables": {"event": ["a", 1.5]}}, "body.variables.event.1", "Input should be a valid string or a valid integer"),
        ({"variables": {"event": {"from": "x", "to": 2}}}, "body.variables.event.from", "a valid integer"),
        ({"options": {"fresh_for": [1]}}, "body.options.fresh_for", "Input should be a valid string or a valid number"),
        ({"options": {"concurrency": {"str": 0}}}, "body.options.concurrency.str", "greater than or equal to 1"),
        ({"urls": ["https://a.org/", 7]}, "body.urls.1", "Input should be a valid string"),
        ({"prio": "low"}, "body.prio", "Extra inputs are not permitted"),
        ({"name": "a\nb"}, "body.name", "a name is one line of text without control characters"),
    ],
)  # fmt: skip
def test_a_fault_stands_where_the_sender_wrote_it(body: dict[str, Any], where: str, what: str) -> None:
    found = told(body)
    assert list(found) == [where]
    assert what in found[where]


def test_a_form_is_told_in_words() -> None:
    assert told({"item_ids": ["x"]}, RetryRequest) == {
        "body.item_ids.0": "an item id is a text of 1 to 18 digits"
    }


def test_a_body_that_is_no_object_has_the_place_of_the_body() -> None:
    for body in ([], None, 17):
        assert list(told(body, BatchRequest)) == ["body"]  # type: ignore[arg-type]


def test_of_many_faults_the_first_are_told() -> None:
    found = told({"urls": [1] * (MAX_FAULTS_SHOWN + 20)})
    assert list(found)[-1] == f"body.urls.{MAX_FAULTS_SHOWN - 1}"


def test_where_a_field_is_missing_it_is_named_and_without_a_body_places_are_as_they_are() -> None:
    class Both(BatchRequest):
        more: int

    with pytest.raises(ValidationError) as caught:
        Both.model_validate({})
    errors = caught.value.errors()
    assert faults_of(errors, of="body", sent={}) == [("body.more", "Field required")]
    assert faults_of([{"loc": ("query", "limit"), "msg": "no", "type": "x"}]) == [("query.limit", "no")]
