"""A template stands for URLs, once its variables have values."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import datetime

import pytest

from tlray.core.schedules.built_in_templates import BUILT_IN
from tlray.core.schedules.template import (
    MAX_URLS,
    Template,
    TemplateError,
    Value,
    beginning_of,
    check,
    clock_values,
    fill,
)

FESTIVAL = Template(
    "festival",
    ("https://example.org/{event}/{year}", "https://example.org/about/{event}"),
    batch_name="{event} {year}",
)


@pytest.mark.parametrize(
    ("urls", "given", "made"),
    [
        (["https://a.org/{x}"], {"x": 7}, ["https://a.org/7"]),
        (["https://a.org/{x}"], {"x": [1, "b"]}, ["https://a.org/1", "https://a.org/b"]),
        (["https://a.org/{x}"], {"x": {"from": 9, "to": 11}}, [f"https://a.org/{n}" for n in (9, 10, 11)]),
        # every combination of the places of one URL, and of that one only
        (
            ["https://a.org/{x}/{y}", "https://a.org/{x}"],
            {"x": [1, 2], "y": [3, 4]},
            [f"https://a.org/{path}" for path in ("1/3", "1/4", "2/3", "2/4", "1", "2")],
        ),
        # a place that comes twice has one value at a time
        (["https://a.org/{x}/{x}"], {"x": [1, 2]}, ["https://a.org/1/1", "https://a.org/2/2"]),
        # what is no part of a word is escaped, unless the place says that it is meant
        (["https://a.org/{x}"], {"x": "W1/ä &b"}, ["https://a.org/W1%2F%C3%A4%20%26b"]),
        (["https://a.org/{+x}"], {"x": "w1/b?c=d"}, ["https://a.org/w1/b?c=d"]),
        (["{+x}"], {"x": "https://b.org/ü"}, ["https://b.org/%C3%BC"]),
        # a value that looks like a place is none
        (["https://a.org/{+x}{y}"], {"x": "{y}", "y": 1}, ["https://a.org/%7By%7D1"]),
        # the same URL once
        (["https://a.org/{x}"], {"x": [1, 1, "1"]}, ["https://a.org/1"]),
    ],
)
def test_values_make_urls(urls: list[str], given: dict[str, Value], made: list[str]) -> None:
    assert list(fill(Template("t", tuple(urls)), given).urls) == made


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "template 'festival' needs a value for event, year"),
        (
            {"event": "x", "yaer": 1},
            "needs a value for year and has no variable yaer (its variables: event, year)",
        ),
        ({"event": "x", "year": []}, "year: an empty list"),
        ({"event": " ", "year": 1}, "event: '' is no value"),
        ({"event": "a\nb", "year": 1}, "event: 'a\\nb' is no value"),
        ({"event": "x", "year": {"from": 1}}, "year: a range is"),
        ({"event": "x", "year": {"from": 5, "to": 1}}, "year: a range is"),
        ({"event": "x", "year": {"from": 1, "to": "2"}}, "year: a range is"),
        (
            {"event": ["a", "b"], "year": {"from": 1, "to": MAX_URLS}},
            "stands for 20,002 URLs; at most 10,000",
        ),
    ],
)
def test_values_that_do_not_fit_are_told(given: dict[str, Value], said: str) -> None:
    with pytest.raises(TemplateError) as caught:
        fill(FESTIVAL, given)
    assert said in str(caught.value)


def test_a_default_goes_before_the_clock_and_what_is_given_before_both() -> None:
    clock = clock_values(datetime.fromisoformat("2026-11-24T03:00:00+01:00"))
    assert clock == {
        "year": "2026",
        "month": "11",
        "day": "24",
        "date": "2026-11-24",
        "week": "48",
        "week_year": "2026",
    }
    assert fill(FESTIVAL, {"event": "x"}, clock).batch_name == "x 2026"
    known = replace(FESTIVAL, defaults={"year": 2020})
    assert fill(known, {"event": "x"}, clock).batch_name == "x 2020"
    assert fill(known, {"event": "x", "year": 2019}, clock).batch_name == "x 2019"


@pytest.mark.parametrize(
    ("day", "year", "week"),
    [
        ("2027-01-01", "2026", "53"),  # the days of a week that lies in two years
        ("2027-01-03", "2026", "53"),
        ("2027-01-04", "2027", "01"),
        ("2024-12-29", "2024", "52"),
        ("2024-12-30", "2025", "01"),
        ("2026-06-01", "2026", "23"),
        ("0001-01-01", "0001", "01"),
        ("9999-12-31", "9999", "52"),
    ],
)
def test_a_week_has_the_year_that_it_belongs_to(day: str, year: str, week: str) -> None:
    weekly = Template("weekly", ("https://h.test/{week_year}-w{week}",))
    filled = fill(weekly, {}, clock_values(datetime.fromisoformat(day)))
    assert filled.urls == (f"https://h.test/{year}-w{week}",)


def test_a_batch_is_named_for_its_values() -> None:
    assert fill(FESTIVAL, {"event": "x", "year": [1, 2, 3]}).batch_name == "x 1, 2, 3"
    assert fill(FESTIVAL, {"event": "x", "year": {"from": 1, "to": 9}}).batch_name == "x 1 … 9"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"name": "Not good"}, "small letters, digits and -"),
        ({"urls": ()}, "at least one URL"),
        ({"urls": ("https://a.org/{Year}",)}, "a { that belongs to no variable"),
        ({"batch_name": "of }"}, "a } that belongs to no variable"),
        ({"defaults": {"dj": 1}}, "a default for dj, which no URL has a place for"),
        ({"defaults": {"year": []}}, "year: an empty list"),
    ],
)
def test_a_template_that_can_never_be_filled_is_refused(changed: dict[str, object], said: str) -> None:
    check(FESTIVAL)
    with pytest.raises(TemplateError) as caught:
        check(replace(FESTIVAL, **changed))  # type: ignore[arg-type]
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("name", "given", "made", "called"),
    [
        (
            "dj-sets",
            {"dj": "Someone", "set": ["1pn8l919", "2abc"]},
            ["https://1001.tl/1pn8l919", "https://1001.tl/2abc"],
            "Someone",
        ),
        ("festival", {"event": "F", "year": 2026, "set": "1pn8l919"}, ["https://1001.tl/1pn8l919"], "F 2026"),
        (
            "podcast",
            {"show": "S", "address": "https://example.org/ep-", "episode": {"from": 1, "to": 2}},
            ["https://example.org/ep-1", "https://example.org/ep-2"],
            "S",
        ),
        ("compilation", {"title": "C", "page": "https://example.org/a?b=c"}, ["https://example.org/a?b=c"], "C"),
    ],
)  # fmt: skip
def test_a_built_in_template_works(name: str, given: dict[str, Value], made: list[str], called: str) -> None:
    check(BUILT_IN[name])
    filled = fill(BUILT_IN[name], given)
    assert (list(filled.urls), filled.batch_name) == (made, called)


def test_every_built_in_template_is_tried_here() -> None:
    assert set(BUILT_IN) == {"dj-sets", "festival", "podcast", "compilation"}
    assert all(template.is_built_in and name == template.name for name, template in BUILT_IN.items())


def test_values_are_counted_before_they_are_made() -> None:
    places = "/".join(f"{{v{i}}}" for i in range(90))
    many = {f"v{i}": {"from": 0, "to": 9_999} for i in range(90)}
    began = time.process_time()
    with pytest.raises(TemplateError, match="at most 10,000"):
        fill(Template("many", (f"https://e.test/{places}",)), many)
    with pytest.raises(TemplateError, match="more than 10,000 values"):
        check(Template("many", (f"https://e.test/{places}",), defaults=many))
    with pytest.raises(TemplateError, match="101 variables; at most 100"):
        check(Template("many", ("https://e.test/" + "/".join(f"{{v{i}}}" for i in range(101)),)))
    assert time.process_time() - began < 2.0


def test_a_url_is_measured_before_it_is_made() -> None:
    long = Template("long", ("http://h/" + "{a}" * 660,))
    began = time.process_time()
    with pytest.raises(TemplateError, match="characters; at most 2,000"):
        fill(long, {"a": {"from": 10**14, "to": 10**14 + 9_999}})
    with pytest.raises(TemplateError, match="a range is"):
        fill(long, {"a": {"from": 10**4_000, "to": 10**4_000 + 9_999}})
    with pytest.raises(TemplateError, match="of 2,709 characters"):
        fill(Template("wide", ("http://h/{a}",)), {"a": "é" * 450})
    assert time.process_time() - began < 2.0
    assert fill(Template("one", ("http://h/{a}/{+a}",)), {"a": "x/y"}).urls == ("http://h/x%2Fy/x/y",)


def test_a_default_is_a_value_like_any_other() -> None:
    check(Template("one", ("http://h/{a}",), defaults={"a": ["x", 2]}))
    with pytest.raises(TemplateError, match="a: '' is no value"):
        check(Template("one", ("http://h/{a}",), defaults={"a": " "}))


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("https://example.org/{event}/{year}", "https://example.org/"),
        ("http://10.0.0.1?q={q}", "http://10.0.0.1?q="),
        ("https://example.org/one", "https://example.org/one"),
        ("ftp://{host}/x", "ftp://example.org/"),
        ("http://10.0.0.{n}/", "http://example.org/"),  # its end may be a name's
        ("http://10.0.0.1{+rest}", "http://example.org/"),
        ("example.org/{event}", "example.org/"),
        ("{+address}{episode}", None),
        ("http{s}://example.org/", None),
    ],
)
def test_what_is_known_of_a_url_before_there_are_values(text: str, known: str | None) -> None:
    assert beginning_of(text) == known
