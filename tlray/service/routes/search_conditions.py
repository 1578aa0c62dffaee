"""The conditions of a search in the catalogue, as parameters of a query: of the search, of its counts and of its export."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import Depends, Query
from pydantic import BeforeValidator

from tlray.io.catalogue import search
from tlray.io.catalogue.search import MAX_CHARS, NoWords, iso_day
from tlray.service.http.problems import validation
from tlray.service.routes.exports import MinQuality

Day = Annotated[date, BeforeValidator(iso_day)]
Text = Annotated[str | None, Query(min_length=1, max_length=MAX_CHARS)]


class Conditions:
    """The conditions of a search; without one it finds every set."""

    def __init__(
        self,
        q: Annotated[
            Text,
            Query(description="Words in titles, names, tracks and labels; `word*`: the beginning of one."),
        ] = None,
        dj: Annotated[Text, Query(description="Words of a DJ's name.")] = None,
        artist: Annotated[Text, Query(description="Words of a track's artist.")] = None,
        label: Annotated[Text, Query(description="Words of a label.")] = None,
        source: Annotated[
            Text, Query(description="Words of an event, venue or show, or a site's name.")
        ] = None,
        from_: Annotated[Day | None, Query(alias="from", description="Played on that day or later.")] = None,
        to: Annotated[Day | None, Query(description="Played on that day or earlier.")] = None,
        min_quality: MinQuality = None,
    ) -> None:
        first, last = (None if day is None else day.isoformat() for day in (from_, to))
        self.query = search.Query(q, dj, artist, label, source, first, last, min_quality)
        try:
            self.query.match  # noqa: B018 - raises
        except NoWords as error:
            raise validation([(f"query.{error.args[0]}", str(error))]) from None


TheConditions = Annotated[Conditions, Depends()]
