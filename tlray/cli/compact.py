"""``tlray compact``: the newest version of every set in a few large files."""

from __future__ import annotations

import sys

from tlray.cli.options import HomeOption
from tlray.core.model.amounts import plural
from tlray.io.disk.home import Home
from tlray.settings import read_settings


def compact(home: HomeOption = None) -> None:
    """Write the newest version of every set, over all batches, into a few large Parquet files below catalogue/ in the home.

    Example: tlray compact --home sets
    """
    from tlray.io.catalogue.newest import merge_all  # noqa: PLC0415 - Arrow is loaded where it is used

    settings = read_settings(home=home)
    where = Home.of(settings.home, settings.storage)
    found = merge_all(where)
    sys.stderr.write(
        f"{plural(found.n_sets, 'set')}, {plural(found.n_tracks, 'track')} in {plural(len(found.stems), 'file')}:"
        f" {where.path / 'catalogue'}\n"
    )
