"""The options of a batch are kept with it; what an older tlray wrote is read with today's defaults."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from made_journal import submit

from tlray.core.model.lifecycle import BatchState
from tlray.core.scheduling.batch_config import BatchConfig
from tlray.errors import BadOption
from tlray.io.journal.rows import BatchOptions
from tlray.io.journal.writer import Journal
from tlray.scrape_options import ScrapeOptions, terms_of
from tlray.settings import read_settings


@pytest.mark.parametrize("networks", [None, (), ("127.0.0.0/8", "10.0.0.0/8")])
def test_where_a_batch_may_be_fetched_from_is_kept_with_it(networks: tuple[str, ...] | None) -> None:
    kept = json.loads(json.dumps(BatchOptions(networks=networks).to_json()))
    assert BatchOptions.from_json(kept) == BatchOptions(networks=networks)


def test_a_batch_of_before_there_was_a_service_is_a_command_lines() -> None:
    kept = BatchOptions().to_json()
    del kept["networks"]
    assert BatchOptions.from_json(kept).networks is None


ALL = BatchConfig("me@example.org", 12.5, 3)


@pytest.mark.parametrize("terms", [None, BatchConfig(), ALL])
def test_the_terms_of_a_batch_are_kept_with_it(terms: BatchConfig | None) -> None:
    kept = json.loads(json.dumps(BatchOptions(terms=terms).to_json()))
    assert BatchOptions.from_json(kept) == BatchOptions(terms=terms)


def test_a_batch_of_before_there_were_terms_has_none() -> None:
    kept = BatchOptions().to_json()
    del kept["terms"]
    assert BatchOptions.from_json(kept) == BatchOptions(terms=None)


def test_a_batch_has_the_terms_of_the_settings_that_it_is_submitted_under(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TLRAY_FETCH_TIMEOUT_S", "12.5")
    settings = read_settings(contact="me@example.org", max_workers=3)
    assert ScrapeOptions().checked(settings)[0].terms == terms_of(settings) == ALL
    assert ScrapeOptions().checked(None)[0].terms is None, "a resumed batch has its own"


def test_the_sites_whose_terms_were_chosen_are_kept_with_a_batch_and_stay_where_it_is_given_others(
    journal: Journal,
) -> None:
    options, _ = ScrapeOptions(api_terms=["musicbrainz", "musicbrainz"]).checked(read_settings())
    assert options.terms is not None
    assert options.terms.api_terms == ("musicbrainz",)
    batch = submit(journal, options=options)
    assert journal.batch("b1").options == options
    journal.set_terms(batch, replace(options.terms, contact="me@example.org"))
    kept = journal.batch("b1").options.terms
    assert kept is not None
    assert (kept.api_terms, kept.contact) == (("musicbrainz",), "me@example.org")


@pytest.mark.parametrize("name", ["1001tracklists", "MusicBrainz", "x" * 99, ""])
def test_a_site_without_such_terms_is_refused(name: str) -> None:
    with pytest.raises(
        BadOption, match="no site of this name has an API of its own terms; there is musicbrainz"
    ):
        ScrapeOptions(api_terms=[name]).checked()


def test_a_batch_may_be_given_other_terms_and_keeps_the_rest(journal: Journal) -> None:
    options = BatchOptions(keeps_pages=False, networks=("10.0.0.0/8",))
    journal.set_terms(submit(journal, options=options), ALL)
    assert journal.batch("b1").options == BatchOptions(keeps_pages=False, networks=("10.0.0.0/8",), terms=ALL)


def test_a_pause_is_kept_with_who_wanted_it_until_the_next_one(journal: Journal) -> None:
    number = submit(journal)
    journal.set_batch_state(number, BatchState.PAUSED, by="ada")
    first = journal.batch("b1").options.paused
    assert first is not None
    assert first.by == "ada"
    journal.set_batch_state(number, BatchState.PAUSED)  # written again when it wakes
    journal.set_batch_state(number, BatchState.RUNNING, by="bob")
    assert journal.batch("b1").options.paused == first
    journal.set_batch_state(number, BatchState.PAUSED, by="")
    last = journal.batch("b1").options.paused
    assert last is not None
    assert (last.by, last.at >= first.at) == ("", True)


def test_what_was_said_at_half_way_is_kept_at_the_end(journal: Journal) -> None:
    number = submit(journal)
    for said in ((None, 9.0), (5.0, 9.0), None):
        journal.finish_batch(
            number,
            state=BatchState.COMPLETED,
            finished_at=9.0,
            elapsed_s=1.0,
            counts={},
            version=1,
            half_way=said,
        )
        assert journal.batch("b1").options.half_way == said
