"""Options that are the conditions of a search in the catalogue."""

from __future__ import annotations

from typing import Annotated

import typer

Dj = Annotated[str | None, typer.Option("--dj", metavar="NAME", help="Only sets of this DJ.")]
Artist = Annotated[str | None, typer.Option("--artist", metavar="NAME", help="Only sets with this artist.")]
Label = Annotated[str | None, typer.Option("--label", metavar="NAME", help="Only sets with this label.")]
Source = Annotated[
    str | None,
    typer.Option("--source", metavar="NAME", help="Only sets of this event, venue, show or site."),
]
FirstDay = Annotated[
    str | None,
    typer.Option("--from", metavar="DAY", help="Only sets played on that day or later: 2026-11-01."),
]
LastDay = Annotated[
    str | None, typer.Option("--to", metavar="DAY", help="Only sets played on that day or earlier.")
]
MinQuality = Annotated[
    float | None, typer.Option(min=0, max=1, help="Only sets of this quality, or a better one.")
]
