"""The addresses and ports of the demo's sites.

Each site wants a loopback address of its own, 127.0.0.1, .2, .3 …, all on one port: so they are
domains of their own to a scraper, and no name needs to be known. Where a machine has 127.0.0.1
only (macOS), they take several ports of it instead.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Sequence

_TRIES = 20


def address(site: int) -> str:
    """Return the loopback address of site ``site``: 127.0.0.1 for 0."""
    high, low = divmod(site, 254)
    return f"127.0.{high}.{low + 1}"


def listeners(n_sites: int, port: int = 0, ports: Sequence[int] = ()) -> list[socket.socket]:
    """Open a listening socket for each site.

    ``port`` is for all of them (0: any that is free on all); ``ports``, if given, names one for each site
    on 127.0.0.1 alone.
    """
    if ports:
        return [_listen("127.0.0.1", ports[site]) for site in range(n_sites)]
    for attempt in range(_TRIES):
        opened: list[socket.socket] = []
        try:
            for site in range(n_sites):
                opened.append(_listen(address(site), port or (opened[0].getsockname()[1] if opened else 0)))
        except OSError as error:
            for one in opened:
                one.close()
            if error.errno == errno.EADDRNOTAVAIL:
                return [_listen("127.0.0.1", port + site if port else 0) for site in range(n_sites)]
            if port or attempt == _TRIES - 1:
                raise
        else:
            return opened
    raise OSError(errno.EADDRINUSE, "no port is free on all addresses")


def base_url(listener: socket.socket) -> str:
    """Return what the URLs of the site behind ``listener`` begin with."""
    host, port = listener.getsockname()
    return f"http://{host}:{port}"


def _listen(host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(1024)
        listener.setblocking(False)
    except OSError:
        listener.close()
        raise
    return listener
