"""The list of all checks, in the order in which they are shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from tlray.io.doctor import (
    clock,
    disk,
    home_state,
    journal_state,
    machine,
    ports,
    ray_setup,
    servers,
    service_setup,
    sites,
)
from tlray.io.doctor.report import Check
from tlray.settings import Settings


def checks_of(settings: Settings, urls: Sequence[str] = ()) -> Mapping[str, Check]:
    """Return the checks of a set-up by name; ``urls`` are of sites whose robots.txt is looked at."""
    return {
        "python": machine.python,
        "packages": machine.packages,
        "ray": ray_setup.ray,
        "ports": ports.ports,
        "memory": machine.memory,
        "open-files": machine.open_files,
        "disk": partial(disk.disks, _folders(settings)),
        "clock": clock.clock,
        "time-zones": clock.time_zones,
        "home": partial(home_state.home, settings.home),
        "coordinator": partial(home_state.holder, settings.home),
        "journal": partial(journal_state.journal, settings.home, settings.journal),
        "storage": partial(home_state.storage, settings),
        "redis": partial(servers.redis, settings),
        "broker": partial(servers.broker, settings),
        "mail": partial(servers.mail, settings),
        "tokens": partial(service_setup.tokens, settings),
        "contact": partial(sites.contact, settings),
        **{f"robots {url}": partial(sites.robots, url, settings) for url in urls},
    }


def _folders(settings: Settings) -> list[Path]:
    """Return the folders that fill: the home, and a storage that is a folder."""
    uri = settings.storage or ""
    return [settings.home, *([Path(unquote(urlsplit(uri).path))] if uri.startswith("file:///") else [])]


_FILES: Final = "its file system does not answer: see `df` and `sudo dmesg`, or use another --home"
LATE: Final[Mapping[str, str]] = {
    "home": _FILES,
    "disk": "a file system does not answer: see `df` and `sudo dmesg`",
    "coordinator": _FILES,
    "journal": f"the database of TLRAY_JOURNAL hangs; without that setting {_FILES}",
    "storage": "the server of TLRAY_STORAGE answers too slowly: see its log, and the network to it",
    "tokens": "see the check journal",
    "ray": "the cluster at RAY_ADDRESS hangs: see `ray status` on its head node, or unset RAY_ADDRESS",
    "redis": "it answers too slowly: see `redis-cli --latency`",
    "broker": "it answers too slowly: see `rabbitmqctl status`",
    "mail": "it answers too slowly: see its log",
    "robots": "the site answers too slowly; try again later",
}
"""What to do about a check that takes too long."""
