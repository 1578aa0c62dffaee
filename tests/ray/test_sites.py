"""Sites that are read by other URLs than their pages, over loopback and on a real Ray."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pandas as pd
import pytest
from conftest import Tlray
from made_mixes import MadeMix

from tlray import load

pytestmark = pytest.mark.ray

MIX = MadeMix()
SLASHED = MadeMix(title="2031-05-05 - AC/DC - Pier Radio")
EPISODE = "/shows/tide-hour/episodes/tide-hour-4th-may-2031"
RELEASE = "/release/6c4f766f-3351-4c10-a53d-b119452c27b2"
PACKAGE = '''
"""The shipped parsers, for hosts of loopback: what is fetched stays on the host of the item."""

from urllib.parse import urlsplit

from tlray.sites.mixesdb import MixesDB
from tlray.sites.musicbrainz import MusicBrainz
from tlray.sites.nts import Nts


def at(own, url):
    there, item = urlsplit(own), urlsplit(url)
    return own and there._replace(scheme=item.scheme, netloc=item.netloc).geturl()


class Local:
    profiles = ()

    def canonical_url(self, url):
        return url

    def fetch_url(self, url):
        return at(super().fetch_url(url), url)

    def terms_url(self, url):
        return at(super().terms_url(url), url)


class LocalMixes(Local, MixesDB):
    name, domains = "local-mixes", ("127.0.0.21",)


class LocalNts(Local, Nts):
    name, domains = "local-nts", ("127.0.0.22",)


class LocalBrainz(Local, MusicBrainz):
    name, domains = "local-brainz", ("127.0.0.23",)
'''
ENTRY_POINTS = "\n".join(
    [
        "[tlray.sites]",
        *(f"local-{name.lower()} = local_sites:Local{name}" for name in ("Mixes", "Nts", "Brainz")),
    ]
)
ROWS = [{"artist": "Oto", "title": "Tide", "offset": 20, "duration": 205, "isrc_id": None, "acr_id": None}]
NTS = {
    "episode_alias": "tide-hour-4th-may-2031",
    "name": "Tide Hour",
    "broadcast": "2031-05-04T20:00:00Z",
    "embeds": {},
}
TRACK = {
    "position": 1,
    "title": "Tide",
    "length": 60_000,
    "recording": {"id": "r1"},
    "artist-credit": [{"name": "Oto"}],
}
WS = {"id": RELEASE[9:], "title": "Pier Nights", "media": [{"track-count": 1, "tracks": [TRACK]}]}
FEED = (
    '<rss version="2.0"><channel><title>Pier</title><item><title>Pier 1</title><guid>https://pier.example/1</guid><description>'
    + "&lt;br&gt;".join(f"{n}. Oto {n} - Tide {n}" for n in range(1, 7))
    + "</description></item></channel></rss>"
)
ANSWERS = {
    f"/w/rest.php/v1/page/{MIX.key}": ("application/json", MIX.rest()),
    f"/w/{SLASHED.key}": ("text/html", SLASHED.page()),
    f"/api/v2{EPISODE}": ("application/json", json.dumps({**NTS, "tracklist": {"results": ROWS}}).encode()),
    f"/ws/2{RELEASE}": ("application/json", json.dumps(WS).encode()),
    "/feed.xml": ("application/rss+xml", FEED.encode()),
    "/data.json": ("application/json", b'{"a": 1}'),
    "/robots.txt": ("text/plain", b"User-agent: *\nDisallow: /ws\nDisallow: /private\n"),
}


class Site(BaseHTTPRequestHandler):
    arrived: list[tuple[str, str]] = []  # noqa: RUF012 - one list for all requests of a test

    def do_GET(self) -> None:
        host, path = self.headers["Host"].partition(":")[0], self.path.partition("?")[0]
        first = (host, path) not in self.arrived
        self.arrived.append((host, path))
        content_type, body = ANSWERS.get(path, ("text/html", b""))
        if path.startswith("/api/v2") and first:
            body = json.dumps(NTS).encode()  # asked "too fast": the list is left out
        self.send_response(200 if body else 404)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def port() -> Iterator[int]:
    Site.arrived.clear()
    with ThreadingHTTPServer(("0.0.0.0", 0), Site) as server:  # noqa: S104 - several addresses of loopback
        Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


def install(folder: Path) -> Path:
    info = folder / "tlray_local-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: tlray-local\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(ENTRY_POINTS)
    (folder / "local_sites.py").write_text(PACKAGE)
    return folder


def test_what_is_fetched_is_what_the_site_is_read_by(joined: Tlray, port: int, tmp_path: Path) -> None:
    path = f"{install(tmp_path / 'installed')}:{joined.more_env['PYTHONPATH']}"
    job = json.dumps({"runtime_env": {"env_vars": {"PYTHONPATH": path}}})
    urls = [
        f"http://127.0.0.21:{port}/w/{MIX.key}",
        f"http://127.0.0.21:{port}/w/{SLASHED.key}",
        f"http://127.0.0.22:{port}{EPISODE}",
        f"http://127.0.0.23:{port}{RELEASE}",
        f"http://127.0.0.1:{port}/feed.xml",
        f"http://127.0.0.1:{port}/data.json",
        f"http://127.0.0.1:{port}/private",
    ]
    done = joined.run(
        "scrape",
        *urls,
        "--json",
        "--api-terms",
        "local-brainz",
        PYTHONPATH=path,
        RAY_JOB_CONFIG_JSON_ENV_VAR=job,
    )
    assert "warning: the API of local-brainz is used under its own terms" in done.stderr
    assert done.returncode == 3, done.stderr
    summary = json.loads(done.stdout)
    dead = joined.run("dead", summary["batch_id"], PYTHONPATH=path)
    assert (summary["succeeded"], summary["dead"], summary["skipped"]) == (5, 1, 1), dead.stdout
    assert "wrong-type" in dead.stdout, "JSON that no parser knows"

    pages = [(host, path) for host, path in Site.arrived if path != "/robots.txt"]
    assert sorted(set(pages)) == [
        ("127.0.0.1", "/data.json"), ("127.0.0.1", "/feed.xml"), ("127.0.0.21", f"/w/{SLASHED.key}"),
        ("127.0.0.21", f"/w/rest.php/v1/page/{MIX.key}"), ("127.0.0.22", f"/api/v2{EPISODE}"), ("127.0.0.23", f"/ws/2{RELEASE}"),
    ]  # fmt: skip
    assert len(pages) == 7, "the throttled one twice, each other once"
    for host in {host for host, _ in pages}:
        assert next(path for other, path in Site.arrived if other == host) == "/robots.txt"

    tracklists, tracks = load(summary["batch_id"], home=joined.home)
    by_site = tracklists.set_index("site")
    assert sorted(tracklists.url) == sorted([*urls[:4], urls[4]]), "the URLs of the user"
    mixes = tracklists[tracklists.site == "mixesdb"].sort_values("title")
    assert list(mixes.media_type) == ["application/json", "text/html"]
    assert set(mixes.licence) == {"CC-BY-SA-3.0-US"}
    assert set(mixes.revision) == {"9001"}
    assert by_site.loc["musicbrainz"].licence == "CC0-1.0"
    assert by_site.loc["nts"].attribution == "NTS Radio"
    assert by_site.loc["podcast"].track_count == 6
    cues = tracks[tracks.site == "mixesdb"]
    assert set(cues[~pd.isna(cues.cue_s)].cue_precision) == {"minute"}
    assert joined.run("audit", PYTHONPATH=path).returncode == 0
