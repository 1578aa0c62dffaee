"""What moves an item or a batch on, and that nothing else does."""

from __future__ import annotations

import re
from itertools import product

import pytest

from tlray.core.model.lifecycle import (
    BATCH_TRANSITIONS,
    ITEM_TRANSITIONS,
    BadTransition,
    BatchEvent,
    BatchState,
    ItemEvent,
    ItemState,
    advance,
    advance_batch,
)


@pytest.mark.parametrize(("state", "event"), list(product(ItemState, ItemEvent)))
def test_an_item_knows_its_events_and_refuses_every_other(state: ItemState, event: ItemEvent) -> None:
    if (state, event) in ITEM_TRANSITIONS:
        assert advance(state, event) is ITEM_TRANSITIONS[state, event]
    else:
        with pytest.raises(BadTransition, match=re.escape(f"'{state}' does not know event '{event}'")):
            advance(state, event)


@pytest.mark.parametrize(("state", "event"), list(product(BatchState, BatchEvent)))
def test_a_batch_knows_its_events_and_refuses_every_other(state: BatchState, event: BatchEvent) -> None:
    if (state, event) in BATCH_TRANSITIONS:
        assert advance_batch(state, event) is BATCH_TRANSITIONS[state, event]
    else:
        with pytest.raises(BadTransition, match=re.escape(f"'{state}' does not know event '{event}'")):
            advance_batch(state, event)


def test_only_what_is_open_or_dead_ever_moves() -> None:
    movable = {ItemState.QUEUED, ItemState.WAITING, ItemState.LEASED, ItemState.DEAD}
    assert {state for state, _ in ITEM_TRANSITIONS} == movable
    assert {event for state, event in ITEM_TRANSITIONS if state is ItemState.DEAD} == {
        ItemEvent.REVIVE,
        ItemEvent.REREAD,
    }


def test_every_state_can_be_reached() -> None:
    assert {ItemState.QUEUED, *ITEM_TRANSITIONS.values()} == set(ItemState)
    assert {BatchState.RECEIVING, *BATCH_TRANSITIONS.values()} == set(BatchState)
