"""Tables of the words that the page makes, on the server and in the browser."""

from __future__ import annotations

RATES = {
    0.0: "0/min", 1 / 8: "1 every 8 s", 1 / 3600: "1 every 1 h", 7 / 60: "7/min", 7.3 / 60: "7.3/min",
    1.0: "60/min", 61 / 60: "61/min",
    2.0: "2/s", 7.5: "7.5/s", 300.0: "300/s",
}  # fmt: skip
DURATIONS = {
    0: "0 s", 0.4: "400 ms", 4: "4 s", 8.6: "8.6 s", 59.6: "1 min", 65: "1 min 5 s", 3_840: "1 h 04 min", 3_600: "1 h",
    90_000: "1 d 1 h",
}  # fmt: skip
URLS = {
    "https://www.a.org/tracklist/1pn8l919/a-set.html": ("a.org", "/tracklist/1pn8l919/a-set.html"),
    "http://a.org": ("a.org", ""),
    "http://a.org/": ("a.org", "/"),
    "http://a.org/x/": ("a.org", "/x/"),
    "http://a.org/" + "y" * 100: ("a.org", "/" + "y" * 100),
}
PATHS = {
    "/a-set.html": ("", "/a-set.html"),
    "/tracklist/003dde/someone-at-warehouse-closing-2012.html": (
        "/tracklist/003dde/someone-at",
        "-warehouse-closing-2012.html",
    ),
    "/tracklist/011667/someone-at-anywhere-closing-2019.html": (
        "/tracklist/011667/someone-at",
        "-anywhere-closing-2019.html",
    ),
    "/" + "y" * 40: ("/" + "y" * 12, "y" * 28),
    "/x/" + "\N{CROISSANT}" * 30 + "/tail": ("/x/" + "\N{CROISSANT}" * 7, "\N{CROISSANT}" * 23 + "/tail"),
}
"""Paths → beginning and end."""
