"""Examples of responses for the OpenAPI document; a test checks them against their schemas."""

from __future__ import annotations

from typing import Any, Final

from tlray.export.csv_table import COLUMNS

_AT: Final = 1795000000.0
_BATCH: Final = "20261123-120000-a1b2c3"
_URL: Final = "https://www.1001tracklists.com/tracklist/1pn8l919/a-set.html"
_REJECTED: Final[dict[str, Any]] = {"line": 2, "url": "ftp://a/b", "reason": "not http or https"}
_WRONG: Final = "Input should be 'immediate', 'normal' or 'low'"
_EXPORTS: Final = ("/api/v1/batch/{batch_id}/export", "/api/v1/catalogue/export")
_GONE: Final = "https://www.1001tracklists.com/tracklist/1q0zzzzz/gone.html"
_DOMAIN: Final = "1001tracklists.com"
_COUNTS: Final = {
    "queued": 60, "waiting": 1, "leased": 8, "succeeded": 50, "dead": 1, "skipped": 0, "cancelled": 0,
}  # fmt: skip
_SNAPSHOT: Final[dict[str, Any]] = {
    "version": 431, "batch_id": _BATCH, "name": "closing sets", "state": "running", "priority": "normal", "total": 120,
    "counts": _COUNTS, "duplicates": 0, "n_rejected": 0, "tracks": 1204, "retries": 1, "blocked": 0, "answered": 0,
    "found": 0, "lists": 0,
    "rate_per_min": 61.0, "estimated_completion": _AT, "estimated_between": [_AT - 60, _AT + 300],
    "estimate_waits_on": _DOMAIN, "estimate_missing": None, "n_domains": 1, "elapsed_s": 64.2, "starts_at": None, "trouble": None,
    "waits_until": None, "waits_for": None, "workers": 2, "workers_waiting": 0, "last_known": None,
    "lost_nodes": [], "parked": {},
    "domains": {_DOMAIN: {"open": 69, "in_flight": 8, "blocks": 0, "max_rate": 0.125, "rate": 0.125}},
}  # fmt: skip
_ITEM: Final[dict[str, Any]] = {
    "item_id": "17", "line": 1, "url": _URL, "domain": _DOMAIN, "state": "succeeded", "attempt": 1, "n_lost": 0,
    "reason": None, "due_at": None, "fetched_at": _AT, "answered_by": None, "found_on": None,
    "fingerprint": "1001tracklists:1pn8l919", "kind": None,
}  # fmt: skip
_ATTEMPT: Final[dict[str, Any]] = {
    "attempt": 1, "at": _AT, "node": "10.0.0.7", "kind": "gone", "reason": None, "status": 404, "latency_s": 0.31,
}  # fmt: skip
_GROUP: Final[dict[str, Any]] = {
    "kind": "gone", "domain": _DOMAIN, "n": 412, "newest_at": _AT, "retry_helps": "no", "hint": "",
    "sample": {"batch_id": _BATCH, "item_id": "18", "line": 2, "url": _GONE, "reason": "gone: 404"},
}  # fmt: skip
_BATCH_DOMAIN: Final[dict[str, Any]] = {
    "domain": _DOMAIN, "state": "resting", "total": 110, "done": 41, "dead": 1, "left": 69, "in_flight": 0,
    "max_rate": 0.125, "rate": 0.1, "cooling_until": _AT, "reason": "throttled: 429",
    "robots_delay_s": 8.0,
}  # fmt: skip
_LETTER: Final[dict[str, Any]] = {
    "batch_id": _BATCH, "item_id": "18", "line": 2, "url": _GONE, "domain": _DOMAIN, "attempt": 1, "n_lost": 0,
    "reason": "gone: 404", "kind": "gone", "attempts": [_ATTEMPT],
}  # fmt: skip
_LISTED: Final[dict[str, Any]] = {
    "batch_id": _BATCH, "name": "closing sets", "state": "running", "owner": "ada", "priority": "normal",
    "created_at": _AT, "finished_at": None, "total": 120, "counts": _COUNTS, "tracks": 1204, "duplicates": 0,
    "n_rejected": 0,
}  # fmt: skip
_TRACK: Final[dict[str, Any]] = {
    "index": 1, "number": 1, "kind": "main", "parent": None, "section": None, "recording": 1, "cue_s": 0.0,
    "cue_precision": "second", "cue_text": "00:00", "played_at": None, "artist": "Some Artist",
    "title": "Some Title (Someone Remix)", "labels": ["SOME LABEL"], "catalogue_number": None,
    "identity": "identified", "track_id": "1craspp3", "track_url": None, "duration_s": 296.0, "genres": [],
    "artwork_url": None, "media_id": None, "text": "Some Artist - Some Title (Someone Remix) [SOME LABEL]",
}  # fmt: skip
_SET: Final[dict[str, Any]] = {
    "url": _URL, "site": "1001tracklists", "source_id": "1pn8l919", "title": "Someone @ Somewhere 2026-05-15",
    "date": "2026-05-15", "djs": ["Someone"], "track_count": 1, "tracks": [_TRACK], "cursor": "WzEsMF0…",
}  # fmt: skip
_QUALITY: Final[dict[str, Any]] = {"sets": 50, "mean": 0.93, "issues": {"not identified": 12, "no date": 3}}
_FETCHED: Final = "2026-11-19T05:46:40Z"
_VERSION: Final[dict[str, Any]] = {
    "batch_id": _BATCH, "item_id": "17", "parser": "1001tracklists/1", "fetched_at": _FETCHED, "quality": 0.95,
    "track_count": 1, "identified_count": 1, "cued_count": 1, "digest": "5d41402abc4b2a76b9719d911017c592",
    "is_newest": True, "version": 2, "changes": {"revealed": 1},
}  # fmt: skip
_FOUND: Final[dict[str, Any]] = {
    **{name: _SET[name] for name in ("site", "source_id", "url", "title", "date", "djs")}, "sources": ["Somewhere"],
    **{name: value for name, value in _VERSION.items() if name not in ("digest", "is_newest", "version", "changes")},
    "n_versions": 2, "n_changes": 1, "issues": ["without a start time"],
}  # fmt: skip
_CHANGE: Final[dict[str, Any]] = {
    "seq": "17825792", "site": "1001tracklists", "source_id": "1pn8l919", "url": _URL, "set_title": _SET["title"],
    "batch_id": _BATCH, "kind": "revealed", "cause": "source", "index_before": 1, "index": 1, "artist": "Some Artist",
    "title": "Some Title (Someone Remix)", "cue_s": 0.0, "before": "ID - ID",
    "after": "Some Artist - Some Title (Someone Remix)", "parser_before": "1001tracklists/1",
    "parser": "1001tracklists/1", "changed_at": _FETCHED, "cursor": "W1siY2hh…",
}  # fmt: skip
_EXPORTED: Final = {name: value for name, value in _SET.items() if name != "cursor"}
_TOKEN: Final[dict[str, Any]] = {
    "name": "3fa9c1", "user": "ada", "scopes": ["submit"], "created_at": _AT, "last_used_at": None,
    "revoked_at": None,
}  # fmt: skip
_WHOLE_SCHEDULE: Final[dict[str, Any]] = {
    "urls": [_URL], "template": None, "variables": {}, "refresh": None, "priority": "normal", "options": {"fresh_for": "7d"},
    "webhook": "https://hooks.example.org/tlray", "email": None,
}  # fmt: skip
_DOMAIN_STATUS: Final[dict[str, Any]] = {
    "domain": _DOMAIN, "paused": False, "max_rate": 0.125, "rate": 0.125, "concurrency": 1,
    "set": {"max_rate": None, "concurrency": None}, "crawl_delay_s": 8.0, "robots_at": _AT, "open": 69,
    "in_flight": 1, "cooling_until": None, "reason": None, "blocks_in_a_row": 0, "last_fetch_at": _AT,
}  # fmt: skip
_SCHEDULE: Final[dict[str, Any]] = {
    "schedule_id": "sch_0123456789abcdef", "name": "weekly", "cron": "30 3 * * MON", "timezone": "Europe/Berlin",
    "overlap": "skip", "catch_up": "last", "paused": False, "created_at": _AT,
    "next_runs": [{"at": 1796005800.0, "local": "2026-11-30T03:30:00+01:00"}], "waiting": None,
    "last_run_at": _AT, "last_batch": _BATCH, "runs": 3, "passed_over": 0, "trouble": None,
}  # fmt: skip
_TEMPLATE: Final[dict[str, Any]] = {
    "name": "my-festival", "description": "All sets of one festival.",
    "urls": ["https://example.org/{event}/{year}/{+set}"], "batch_name": "{event} {year}",
    "variables": ["event", "year", "set"], "options": {"fresh_for": "7d"},
    "defaults": {"event": "tomorrowland"}, "built_in": False,
}  # fmt: skip
_DELIVERY: Final[dict[str, Any]] = {
    "id": "msg_0123456789ab", "event": "batch.completed", "channel": "webhook",
    "target": "https://hooks.example.org/tlray", "state": "delivered", "made_at": _AT, "next_attempt_at": None,
    "domain": None, "attempts": [{"at": _AT, "took_s": 0.2, "status": 204, "why": ""}],
}  # fmt: skip

OF_MODELS: Final[dict[str, Any]] = {
    "BatchRequest": {"urls": [_URL], "name": "closing sets", "priority": "normal"},
    "BatchDomainPage": {"domains": [_BATCH_DOMAIN], "next_cursor": None},
    "BatchDomain": _BATCH_DOMAIN,
    "BatchPatch": {"name": "closing sets", "priority": "low"},
    "CommitRequest": {"pieces": 7},
    "DeadGroups": {"total": 412, "version": 1795000000123, "groups": [_GROUP]},
    "GroupRequest": {"kind": "timeout", "domain": _DOMAIN, "up_to_version": 1795000000123},
    "ItemDetails": {**_ITEM, "attempts": [{**_ATTEMPT, "kind": "fetched", "status": 200}], "n_attempts": 1, "has_page": True},
    "DomainPatch": {"max_rate": 0.5, "concurrency": 1},
    "NewTokenResponse": {"name": "3fa9c1", "user": "ada", "scopes": ["submit"], "token": "tlray_3fa9c1_…"},
    "PieceRequest": {"urls": [_URL]},
    "Problem": {
        "type": "urn:tlray:problem:validation", "title": "Unprocessable Content", "status": 422,
        "detail": f"body.priority: {_WRONG}", "instance": "/api/v1/batch",
        "errors": [{"where": "body.priority", "what": _WRONG}],
    },
    "ListPreview": {
        "total": 1204, "duplicates": 1, "n_rejected": 1, "rejected": [_REJECTED],
        "duplicate_lines": [{"line": 3, "url": _URL, "first_line": 1}], "warnings": [], "n_domains": 1,
        "domains": [{
            "domain": _DOMAIN, "items": 1204, "paused": False, "max_rate": 0.125, "cooling_until": None, "reason": None,
            "takes_s": 9632.0,
        }],
        "takes_s": 9632.0, "estimate_waits_on": _DOMAIN,
    },
    "ImportPreview": {
        "total": 2, "duplicates": 0, "kinds": [{"kind": "cue", "files": 1}], "n_unknown": 1,
        "unknown": [{"line": 2, "name": "cover.jpg"}],
        "n_rejected": 1, "rejected": [{"line": 3, "url": "old.zip", "reason": "a damaged archive"}],
    },
    "Receipt": {
        "batch_id": _BATCH, "state": "running", "total": 1, "duplicates": 0, "n_rejected": 1,
        "rejected": [_REJECTED], "duplicate_lines": [], "warnings": [], "estimated_completion": None,
    },
    "RetryRequest": {"reason": "timeout"},
    "SchedulePatch": {"cron": "0 5 * * *", "paused": False},
    "ScheduleRequest": {
        "cron": "30 3 * * MON", "timezone": "Europe/Berlin", "urls": [_URL], "name": "weekly", "overlap": "skip",
        "catch_up": "last",
    },
    "TemplateRequest": {key: _TEMPLATE[key] for key in ("urls", "description", "batch_name", "options", "defaults")},
    "TicketResponse": {"ticket": "Zk3…", "expires_in_s": 30.0},
    "TokenRequest": {"user": "ada", "scopes": ["submit"]},
    "ScheduleReceipt": {
        **_SCHEDULE, **_WHOLE_SCHEDULE, "n_rejected": 1,
        "rejected": [_REJECTED],
    },
    "BatchPage": {"batches": [_LISTED], "next_cursor": None},
    "CataloguePage": {"sets": [_FOUND], "total": 1, "quality": 0.95, "catalogue": _QUALITY, "behind": 0, "next_cursor": None},
    "ChangeLine": _CHANGE,
    "DeadLetterPage": {"dead_letters": [_LETTER], "next_cursor": None},
    "DeliveriesResponse": {"deliveries": [_DELIVERY]},
    "BatchDelivery": {**_DELIVERY, "batch_id": _BATCH},
    "DeliveryPage": {"deliveries": [{**_DELIVERY, "batch_id": _BATCH}], "next_cursor": None},
    "DomainHistory": {
        "domain": _DOMAIN, "rests": [{"began_at": _AT, "until": _AT + 1_800, "reason": "throttled: 429"}],
        "robots": {"text": "User-agent: *\nCrawl-delay: 8\n", "is_cut": False, "fetched_at": _AT, "crawl_delay_s": 8.0},
    },
    "DomainPage": {"domains": [_DOMAIN_STATUS], "next_cursor": None},
    "ItemPage": {"items": [_ITEM], "next_cursor": "WzE3XQ…"},
    "LinePage": {
        "lines": [{**_REJECTED, "first_line": None}],
        "next_cursor": None,
    },
    "FacetsResponse": {
        "total": 3, "years": [{"year": "2026", "sets": 2}, {"year": None, "sets": 1}],
        "sites": [{"site": "1001tracklists", "sets": 3}],
    },
    "NameResponse": {
        "kind": "artist", "name": "Some Artist", "sets": 1, "is_exact": True, "looked_at": 1, "plays": 1,
        "first_day": "2026-05-15", "last_day": "2026-05-15", "by_month": [{"month": "2026-05", "sets": 1}],
        "newest": [_FOUND], "djs": [{"name": "Someone", "sets": 1}], "artists": [],
        "labels": [{"name": "SOME LABEL", "sets": 1}],
        "tracks": [{"name": "Some Artist - Some Title (Someone Remix)", "sets": 1}], "played_with": [],
    },
    "PieceReceipt": {
        "batch_id": _BATCH, "piece": 1, "first_line": 1, "lines": 3, "items": 1, "duplicates": 1, "n_rejected": 1,
        "rejected": [_REJECTED],
        "duplicate_lines": [{"line": 3, "url": _URL, "first_line": 1}],
    },
    "Retried": {**_SNAPSHOT, "n_retried": 1, "n_left": 0},
    "RetriedGroup": {"n_retried": 412, "n_left": 3, "n_batches": 2},
    "SchedulesResponse": {"schedules": [_SCHEDULE]},
    "Snapshot": _SNAPSHOT, "StatusResponse": {**_SNAPSHOT, "quality": _QUALITY},
    "DomainStatus": _DOMAIN_STATUS,
    "SecretResponse": {"secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"},
    "SetLine": _SET,
    "TemplateResponse": _TEMPLATE,
    "TemplatesResponse": {"templates": [_TEMPLATE]},
    "TokenResponse": _TOKEN,
    "VersionsResponse": {"versions": [_VERSION]},
    "WholeSet": {
        **_FOUND, "tracks": [_TRACK],
        "same_as": [
            {
                "site": "mixesdb", "source_id": "411802", "url": "https://www.mixesdb.com/w/2026-05-15_-_Max_Styler_@_EDC",
                "score": 0.95, "reasons": ["31 tracks in the same order, 89% of the shorter list", "the same day", "a common DJ"],
            }
        ],
    },
    "ScheduleDetails": {**_SCHEDULE, **_WHOLE_SCHEDULE},
}  # fmt: skip
"""By the name of the model."""

OF_PATHS: Final[dict[tuple[str, str], Any]] = {
    ("/healthz", "application/json"): {"status": "alive", "version": "0.1.0"},
    ("/readyz", "application/json"): {"status": "ready", "incarnation": 3},
    ("/metrics", "text/plain"): 'tlray_items{state="succeeded"} 50.0\n',
    ("/api/v1/formats", "application/json"): {
        "formats": [{"name": "jsonl", "suffix": ".jsonl", "about": "one set a line"}]
    },
    **{(path, "application/json"): [_EXPORTED] for path in _EXPORTS},
    **{(path, "application/x-ndjson"): _EXPORTED for path in _EXPORTS},
    **{(path, "text/csv"): ",".join(COLUMNS) + "\r\n" for path in _EXPORTS},
    ("/api/v1/tokens", "application/json"): [_TOKEN],
}
"""For responses without a model, by path and media type."""
