"""The list of all checks, in the order in which they are shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from tlray.io.doctor import home_state, machine, ray_setup, servers, sites
from tlray.io.doctor.report import Check
from tlray.settings import Settings


def checks_of(settings: Settings, urls: Sequence[str] = ()) -> Mapping[str, Check]:
    """Return the checks of a set-up by name; ``urls`` are of sites whose robots.txt is looked at."""
    return {
        "python": machine.python,
        "packages": machine.packages,
        "ray": ray_setup.ray,
        "ports": ray_setup.ports,
        "memory": machine.memory,
        "open-files": machine.open_files,
        "disk": partial(machine.disks, [settings.home]),
        "clock": machine.clock,
        "time-zones": machine.time_zones,
        "home": partial(home_state.home, settings.home),
        "coordinator": partial(home_state.holder, settings.home),
        "journal": partial(home_state.journal, settings.home),
        "storage": partial(home_state.storage, settings),
        "redis": partial(servers.redis, settings),
        "broker": partial(servers.broker, settings),
        "mail": partial(servers.mail, settings),
        "contact": partial(sites.contact, settings),
        **{f"robots {url}": partial(sites.robots, url, settings) for url in urls},
    }
