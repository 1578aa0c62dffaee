"""Batches that begin by the clock: at a moment, by a cron line; and templates, of which they may be made."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from conftest import Clock, Service, Site, StartSite, wait_until

from tlray.core.politeness.policy import PolitenessOptions
from tlray.io.catalogue.refreshing import picks
from tlray.io.disk.home import Home

pytestmark = pytest.mark.ray
URL = "https://www.1001tracklists.com/tracklist/1pn8l919/a-set.html"


def made(http: httpx.Client, **asked: Any) -> dict[str, Any]:
    answer = http.post("/api/v1/batch/schedule", json=asked)
    assert answer.status_code == 201, answer.text
    assert answer.headers["location"] == f"/api/v1/schedules/{answer.json()['schedule_id']}"
    return dict(answer.json())


def shown(http: httpx.Client, schedule_id: str) -> dict[str, Any]:
    answer = http.get(f"/api/v1/schedules/{schedule_id}")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def wait_for(http: httpx.Client, schedule_id: str, **wanted: Any) -> dict[str, Any]:
    deadline = time.monotonic() + 60
    while any((told := shown(http, schedule_id))[key] != value for key, value in wanted.items()):
        assert time.monotonic() < deadline, told
        time.sleep(0.1)
    return told


@pytest.fixture
def forgotten(http: httpx.Client) -> Iterator[None]:
    """Leave no schedule behind: it would go on."""
    yield
    for schedule in http.get("/api/v1/schedules").json()["schedules"]:
        http.delete(f"/api/v1/schedules/{schedule['schedule_id']}")


@pytest.fixture
def every_minute(http: httpx.Client, clock: Clock, site: Site, forgotten: None) -> dict[str, Any]:
    """A schedule that is paused; a minute has just begun."""
    clock.to_the_next_minute()
    return made(
        http, cron="* * * * *", urls=site.urls()[:2], name="again", options={"fresh_for": 0}, paused=True
    )


def never_done(start_site: StartSite) -> dict[str, Any]:
    """What makes a batch that is under way until it is cancelled: the first page at once, the next after an hour."""
    site = start_site("--sites=1", "--sets=3")
    rates = {site.bases[0].removeprefix("http://"): "1/1h:2"}
    return {"urls": site.urls(), "options": {"fresh_for": 0, "rates": rates}}


# -- schedules -------------------------------------------------------------------------------------


def test_a_schedule_tells_when_it_runs_next_by_its_own_clock(
    http: httpx.Client, site: Site, forgotten: None
) -> None:
    told = made(
        http,
        cron="30 2 * * *",
        timezone="Europe/Berlin",
        urls=site.urls()[:1],
        name="nightly",
        catch_up="last",
    )
    runs = told["next_runs"]
    assert len(runs) == 5
    for run in runs:
        local = datetime.fromisoformat(run["local"])
        assert local.timestamp() == run["at"] > time.time()
        assert (local.hour, local.minute) in ((2, 30), (3, 0))
    assert (told["overlap"], told["catch_up"], told["paused"], told["runs"]) == ("skip", "last", False, 0)
    assert told["urls"] == site.urls()[:1]
    assert (told.pop("n_rejected"), told.pop("rejected")) == (0, [])
    assert shown(http, told["schedule_id"]) == told

    listed = http.get("/api/v1/schedules").json()["schedules"]
    assert [s["schedule_id"] for s in listed] == [told["schedule_id"]]
    assert "urls" not in listed[0]

    answer = http.patch(
        f"/api/v1/schedules/{told['schedule_id']}",
        json={"cron": "@hourly", "timezone": "UTC", "paused": True},
    )
    assert answer.status_code == 200, answer.text
    assert (answer.json()["cron"], answer.json()["paused"], answer.json()["next_runs"]) == (
        "@hourly",
        True,
        [],
    )

    assert http.delete(f"/api/v1/schedules/{told['schedule_id']}").status_code == 204
    for call in (http.get, http.delete):
        gone = call(f"/api/v1/schedules/{told['schedule_id']}")
        assert (gone.status_code, gone.json()["type"]) == (404, "urn:tlray:problem:not-found")


def test_what_a_schedule_submits_can_be_changed(http: httpx.Client, site: Site, forgotten: None) -> None:
    rates = {site.bases[0].removeprefix("http://"): "3/s"}
    told = made(http, cron="@daily", urls=site.urls()[:1], options={"rates": rates}, paused=True)
    path = f"/api/v1/schedules/{told['schedule_id']}"
    hook = f"{site.bases[0]}/hook"
    changed = http.patch(path, json={"urls": site.urls()[:4], "webhook": hook, "priority": "low"}).json()
    assert (changed["urls"], changed["webhook"], changed["priority"]) == (site.urls()[:4], hook, "low")
    ran = http.post(f"{path}/run").json()
    assert ran["trouble"] is None
    status = http.get(f"/api/v1/batch/{ran['last_batch']}/status").json()
    assert status["total"] == 4
    assert status["domains"][next(iter(rates))]["max_rate"] == 3.0, "its manners stay"
    changed = http.patch(path, json={"template": "my-own", "variables": {"set": ["a1"]}})
    assert (changed.status_code, changed.json()["errors"][0]["where"]) == (422, "body.template")
    assert http.patch(path, json={"webhook": None}).json()["webhook"] is None
    for wrong in (
        {"urls": []},
        {"urls": ["ftp://x"]},
        {"urls": site.urls()[:1], "template": "dj-sets"},
        {"variables": {"a": 1}},
    ):
        answer = http.patch(path, json=wrong)
        assert answer.status_code == 422, wrong
    assert http.get(path).json()["urls"] == site.urls()[:4], "what is refused changes nothing"


@pytest.mark.parametrize(
    ("asked", "where", "said"),
    [
        ({"cron": "61 * * * *", "urls": [URL]}, "body.cron", "'61 * * * *' has a bad minute"),
        ({"cron": "* * * *", "urls": [URL]}, "body.cron", "has 4 fields; write five"),
        ({"cron": "0 0 31 2 *", "urls": [URL]}, "body.cron", "has a bad day-of-month"),
        ({"cron": "0 0 * * MON#1", "urls": [URL]}, "body.cron", "a bad weekday"),
        ({"cron": "@daily", "timezone": "localtime", "urls": [URL]}, "body.timezone", "is not known"),
        ({"cron": "@daily", "timezone": "Europe/Atlantis", "urls": [URL]}, "body.timezone", "is not known"),
        ({"cron": "@daily", "overlap": "both", "urls": [URL]}, "body.overlap", "'skip' or 'queue'"),
        ({"cron": "@daily", "urls": [URL], "when": 1}, "body.when", "not permitted"),
        ({"cron": "@daily", "template": "no-such"}, "body.template", "there is no template 'no-such'"),
        ({"cron": "@daily", "template": "dj-sets", "urls": [URL]}, "body.urls", "not both"),
        ({"cron": "@daily", "urls": [URL], "variables": {"x": 1}}, "body.variables", "no template is given"),
        ({"cron": "@daily", "urls": ["http://127.0.0.1/x"], "webhook": "http://10.0.0.1/"}, "body.webhook", "not a public"),
    ],
)  # fmt: skip
def test_what_is_no_schedule_is_told_at_once(
    http: httpx.Client, asked: dict[str, Any], where: str, said: str
) -> None:
    answer = http.post("/api/v1/batch/schedule", json=asked)
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["where"] == where
    assert said in answer.json()["errors"][0]["what"]


def test_a_schedule_tells_its_options_and_the_lines_that_it_passes_over(
    http: httpx.Client, site: Site, forgotten: None
) -> None:
    asked = {"fresh_for": 0, "rates": {site.bases[0].removeprefix("http://"): "3/s"}}
    urls = [site.urls()[0], "ftp://a/b", "http://169.254.169.254/", site.urls()[1]]
    told = made(http, cron="@daily", urls=urls, options=asked, paused=True)
    assert told["options"] == asked
    assert (told["n_rejected"], [line["line"] for line in told["rejected"]]) == (2, [2, 3])
    assert told["rejected"][0]["reason"].startswith("scheme ftp:")
    path = f"/api/v1/schedules/{told['schedule_id']}"
    changed = http.patch(path, json={"urls": [*urls[:1], "x"]}).json()
    assert (changed["options"], changed["n_rejected"]) == (asked, 1), "what is not said stays"
    template = {"urls": [site.bases[0] + "/tracklist/{+set}"], "options": {"max_attempts": 2}}
    assert http.put("/api/v1/templates/of-options", json=template).status_code == 201
    changed = http.patch(path, json={"template": "of-options", "variables": {"set": "a/b.html"}}).json()
    assert (changed["template"], changed["options"]) == ("of-options", asked), (
        "the template's own are not asked for"
    )
    assert http.patch(path, json={"options": {"max_attempts": 3}}).json()["options"] == {"max_attempts": 3}
    assert http.get(path).json()["options"] == {"max_attempts": 3}
    http.delete("/api/v1/templates/of-options")


def test_a_schedule_without_a_url_that_can_be_fetched_is_none(http: httpx.Client) -> None:
    for urls in ([], ["ftp://a/b"], ["http://169.254.169.254/"]):
        answer = http.post("/api/v1/batch/schedule", json={"cron": "@daily", "urls": urls})
        assert answer.status_code == 422, answer.text
    assert http.get("/api/v1/schedules").json() == {"schedules": []}


def test_an_occurrence_makes_a_batch_and_one_during_it_is_passed_over(
    http: httpx.Client, service: Service, clock: Clock, start_site: StartSite, every_minute: dict[str, Any]
) -> None:
    schedule_id = every_minute["schedule_id"]
    http.patch(f"/api/v1/schedules/{schedule_id}", json={"paused": False})
    clock.to_the_next_minute()
    first = wait_for(http, schedule_id, runs=1)
    done = service.wait_for(first["last_batch"])
    assert done["counts"]["succeeded"] == 2
    assert done["name"].startswith("again 20")
    assert first["last_run_at"] % 60 == 0

    http.patch(f"/api/v1/schedules/{schedule_id}", json=never_done(start_site))
    clock.to_the_next_minute()
    second = wait_for(http, schedule_id, runs=2)
    clock.to_the_next_minute()
    told = wait_for(http, schedule_id, passed_over=1)
    assert (told["runs"], told["waiting"]) == (2, None)
    http.post(f"/api/v1/batch/{second['last_batch']}/cancel")


def test_an_occurrence_of_a_refresh_fetches_what_the_planner_chooses(
    http: httpx.Client, service: Service, clock: Clock, site: Site, every_minute: dict[str, Any]
) -> None:
    service.wait_for(service.submit(site.urls()[:6]))
    path = f"/api/v1/schedules/{every_minute['schedule_id']}"
    http.patch(path, json={"refresh": {"budget": 3}, "paused": False}).raise_for_status()
    due = clock.now + clock.until_the_next_minute
    worth = picks(
        Home(service.home), budget=3, horizon_s=86_400, options=PolitenessOptions(), now=due, owner=""
    )
    clock.to_the_next_minute()
    told = wait_for(http, every_minute["schedule_id"], runs=1)
    assert told["trouble"] is None
    items = http.get(f"/api/v1/batch/{told['last_batch']}/items").json()["items"]
    assert len(items) == 3
    assert {item["url"] for item in items} == {pick.known.url for pick in worth}
    http.post(f"/api/v1/batch/{told['last_batch']}/cancel")


def test_with_queue_an_occurrence_waits_for_the_batch_before_it(
    http: httpx.Client, service: Service, clock: Clock, start_site: StartSite, every_minute: dict[str, Any]
) -> None:
    schedule_id = every_minute["schedule_id"]
    path = f"/api/v1/schedules/{schedule_id}"
    http.patch(path, json={"overlap": "queue", **never_done(start_site)})
    first = http.post(f"{path}/run").json()
    http.patch(path, json={"paused": False})
    clock.to_the_next_minute()
    wait_until(lambda: bool(shown(http, schedule_id)["waiting"]), what="an occurrence that waits")
    assert shown(http, schedule_id)["runs"] == 1
    http.post(f"/api/v1/batch/{first['last_batch']}/cancel")
    second = wait_for(http, schedule_id, runs=2)
    assert second["last_batch"] != first["last_batch"]
    assert second["waiting"] is None
    http.post(f"/api/v1/batch/{second['last_batch']}/cancel")


@pytest.mark.parametrize(("catch_up", "runs"), [("last", 1), ("none", 0)])
def test_after_downtime_the_last_occurrence_is_made_up_for_if_that_is_asked_for(
    http: httpx.Client, service: Service, clock: Clock, site: Site, forgotten: None, catch_up: str, runs: int
) -> None:
    due = datetime.fromtimestamp(clock.now, UTC) + timedelta(hours=1)
    told = made(http, cron=f"{due.minute} {due.hour} * * *", urls=site.urls()[:1], catch_up=catch_up)
    schedule_id = told["schedule_id"]
    os.kill(service.coordinator_pid(), signal.SIGKILL)
    clock.forward(
        3 * 86_400 + 3 * 3_600
    )  # two hours after the fourth occurrence, which is long enough to have missed it
    told = wait_for(http, schedule_id, runs=runs, passed_over=1 - runs)
    if runs:
        assert service.wait_for(told["last_batch"])["counts"]["succeeded"] == 1
        last = due.replace(second=0, microsecond=0) + timedelta(days=3)
        assert told["last_run_at"] == last.timestamp()
    time.sleep(1.5)
    assert shown(http, schedule_id)["runs"] == runs


def test_a_run_that_makes_no_batch_says_why(http: httpx.Client, site: Site, forgotten: None) -> None:
    urls = [site.urls()[0].replace("/tracklist/", "/{+what}/")]
    assert http.put("/api/v1/templates/short-lived", json={"urls": urls}).status_code == 201
    told = made(http, cron="@daily", template="short-lived", variables={"what": "tracklist"})
    assert http.delete("/api/v1/templates/short-lived").status_code == 204
    told = http.post(f"/api/v1/schedules/{told['schedule_id']}/run").json()
    assert (told["runs"], told["last_batch"]) == (0, None)
    assert told["trouble"] == "there is no template 'short-lived' any more"


def test_a_schedule_fills_in_its_own_date(
    http: httpx.Client, service: Service, site: Site, forgotten: None
) -> None:
    template = {"urls": [site.urls()[0] + "?in={week_year}-{week}&y={year}"], "batch_name": "of {year}"}
    assert http.put("/api/v1/templates/dated", json=template).status_code == 201
    told = made(http, cron="@daily", timezone="Asia/Tokyo", template="dated")
    told = http.post(f"/api/v1/schedules/{told['schedule_id']}/run").json()
    status = service.wait_for(told["last_batch"])
    year = datetime.now(UTC).year
    assert status["name"].startswith((f"of {year}", f"of {year + 1}"))
    http.delete("/api/v1/templates/dated")


# -- not before ------------------------------------------------------------------------------------


def test_a_batch_with_a_time_does_not_begin_before_it(
    http: httpx.Client, service: Service, clock: Clock, site: Site
) -> None:
    begin = clock.now + 3_600
    asked = {"urls": site.urls()[:2], "not_before": begin, "options": {"fresh_for": 0}}
    told = http.post("/api/v1/batch", json=asked).json()
    assert told["state"] == "scheduled"
    status = service.status(told["batch_id"])
    assert (status["state"], status["counts"]["queued"], status["starts_at"]) == ("scheduled", 2, begin)
    assert http.post(f"/api/v1/batch/{told['batch_id']}/pause").status_code == 409
    os.kill(service.coordinator_pid(), signal.SIGKILL)
    clock.forward(3_500)
    time.sleep(1.5)
    assert service.status(told["batch_id"])["state"] == "scheduled", "not yet"
    clock.forward(100)
    service.wait_for(told["batch_id"])
    rows = http.get(f"/api/v1/batch/{told['batch_id']}/results").text.splitlines()
    assert all(datetime.fromisoformat(json.loads(row)["fetched_at"]).timestamp() >= begin for row in rows)


def test_a_batch_that_waits_for_its_time_can_be_cancelled(
    http: httpx.Client, service: Service, site: Site
) -> None:
    later = (datetime.now(UTC) + timedelta(days=30)).isoformat()
    told = http.post("/api/v1/batch", json={"urls": site.urls()[:2], "not_before": later}).json()
    assert told["state"] == "scheduled"
    assert http.post(f"/api/v1/batch/{told['batch_id']}/cancel").status_code == 200
    assert service.wait_for(told["batch_id"], "cancelled")["counts"]["cancelled"] == 2


def test_a_time_that_is_past_is_now_and_one_too_far_ahead_is_none(http: httpx.Client, site: Site) -> None:
    urls = site.urls()[:1]
    assert http.post("/api/v1/batch", json={"urls": urls, "not_before": 5}).json()["state"] != "scheduled"
    for never in (time.time() + 3e9, "2999-01-01T00:00:00Z", "2026-01-01T00:00:00", "tomorrow", -1):
        answer = http.post("/api/v1/batch", json={"urls": urls, "not_before": never})
        assert answer.status_code == 422, (never, answer.text)


# -- templates -------------------------------------------------------------------------------------


def test_a_template_is_kept_filled_changed_and_forgotten(
    http: httpx.Client, service: Service, site: Site
) -> None:
    base = site.bases[0]
    paths = [url.removeprefix(base + "/") for url in site.urls() if url.startswith(base + "/")][:3]
    template = {
        "urls": [base + "/{+set}"],
        "description": "Sets of the demo.",
        "batch_name": "{event} {year}",
        "options": {"max_attempts": 2, "fresh_for": 0},
        "defaults": {"event": "demo"},
    }
    answer = http.put("/api/v1/templates/demo-sets", json=template)
    assert answer.status_code == 201, answer.text
    assert answer.json()["variables"] == ["set", "event", "year"]
    assert http.put("/api/v1/templates/demo-sets", json=template).status_code == 200
    kept = http.get("/api/v1/templates/demo-sets").json()
    assert {key: kept[key] for key in template} == template
    names = [t["name"] for t in http.get("/api/v1/templates").json()["templates"]]
    assert names == ["dj-sets", "festival", "podcast", "compilation", "demo-sets"]

    told = http.post(
        "/api/v1/batch", json={"template": "demo-sets", "variables": {"set": paths, "year": 2026}}
    )
    assert told.status_code == 202, told.text
    done = service.wait_for(told.json()["batch_id"])
    assert (done["name"], done["counts"]["succeeded"]) == ("demo 2026", 3)

    assert http.delete("/api/v1/templates/demo-sets").status_code == 204
    assert http.delete("/api/v1/templates/demo-sets").status_code == 404
    assert http.get("/api/v1/templates/demo-sets").status_code == 404


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (
            {"template": "festival", "variables": {"event": "x", "yaer": 1}},
            (
                "body.variables: template 'festival' needs a value for set, year and has no variable yaer"
                " (its variables: set, event, year)"
            ),
        ),
        ({"template": "festival", "variables": {"event": "x", "year": 1, "set": []}}, "body.variables: set: an empty list"),
        ({"template": "nothing"}, "body.template: there is no template 'nothing'"),
        ({"template": "festival", "urls": [URL]}, "body.urls: give URLs or a template, not both"),
        ({"variables": {"x": 1}, "urls": [URL]}, "body.variables: these are values for a template, but no template is given"),
    ],
)  # fmt: skip
def test_a_template_that_does_not_fit_is_one_clear_error(
    http: httpx.Client, asked: dict[str, Any], said: str
) -> None:
    answer = http.post("/api/v1/batch", json=asked)
    assert (answer.status_code, answer.json()["detail"]) == (422, said)


@pytest.mark.parametrize(
    ("name", "asked", "status", "said"),
    [
        ("festival", {"urls": [URL]}, 409, "built-in"),
        ("Bad_Name", {"urls": [URL]}, 422, "lower-case letters, digits and hyphens"),
        ("mine", {"urls": ["ftp://x/{a}"]}, 422, "body.urls.0: scheme ftp:"),
        ("mine", {"urls": []}, 422, "at least 1"),
        ("mine", {"urls": ["https://a.org/{Year}"]}, 422, "belongs to no variable"),
        ("mine", {"urls": [URL], "defaults": {"x": 1}}, 422, "no URL has a place for"),
        ("mine", {"urls": [URL], "options": {"rates": {"a.org": "fast"}}}, 422, "not of the form"),
        ("mine", {"urls": [URL], "options": {"speed": 1}}, 422, "not permitted"),
        ("mine", [], 422, "should be an object"),
    ],
)
def test_what_is_no_template_is_told(
    http: httpx.Client, name: str, asked: Any, status: int, said: str
) -> None:
    answer = http.put(f"/api/v1/templates/{name}", json=asked)
    assert answer.status_code == status, answer.text
    assert said in answer.json()["detail"]
    assert http.delete("/api/v1/templates/festival").status_code == 409
