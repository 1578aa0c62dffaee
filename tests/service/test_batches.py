"""A list becomes a batch over HTTP."""

from __future__ import annotations

import httpx
import pytest
from conftest import Service, Site

pytestmark = pytest.mark.ray


def test_a_list_is_submitted_and_comes_to_its_end(http: httpx.Client, service: Service, site: Site) -> None:
    urls = site.urls()[:20]
    answer = http.post(
        "/api/v1/batch", json={"urls": [*urls, urls[0], "ftp://a/b", ""], "name": "first", "priority": "low"}
    )
    assert answer.status_code == 202, answer.text
    told = answer.json()
    assert (told["total"], told["duplicates"], told["n_rejected"], told["state"]) == (20, 1, 2, "running")
    assert [line["line"] for line in told["rejected"]] == [22, 23]
    assert told["duplicate_lines"][0]["first_line"] == 1
    assert answer.headers["location"] == f"/api/v1/batch/{told['batch_id']}/status"

    done = service.wait_for(told["batch_id"])
    assert (done["counts"]["succeeded"], done["name"]) == (20, "first")
