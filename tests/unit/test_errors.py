"""Errors cross between Ray actors by pickling, and end commands with the exit codes of the contract."""

from __future__ import annotations

import inspect
import pickle

import pytest

from tlray import errors
from tlray.core.model.lifecycle import BadTransition
from tlray.errors import InvariantBroken, TlrayError, check_invariant

EXIT_CODES = {
    "TlrayError": 1,
    "InvariantBroken": 1,
    "BadTransition": 1,
    "UsageError": 2,
    "BadOption": 2,
    "HomeUnusable": 2,
    "StorageUnusable": 2,
    "HomeInUse": 2,
    "JournalUnusable": 2,
    "OtherVersion": 2,
    "OtherSettings": 2,
    "NoSuchBatch": 2,
    "NoSuchItem": 2,
    "ListTooLong": 2,
    "Conflict": 2,
    "ServiceRefuses": 2,
    "BrokerRefuses": 2,
    "CannotFinish": 4,
    "BacklogFull": 4,
    "StorageFull": 4,
    "StorageUnavailable": 4,
    "JournalLost": 4,
    "RayUnavailable": 4,
    "CoordinatorLost": 4,
    "RayLost": 4,
    "CoordinatorEnding": 4,
    "CoordinatorEnded": 4,
    "ServiceUnavailable": 4,
    "BrokerUnavailable": 4,
    "Interrupted": 130,
}
ALL = [
    *(value for value in vars(errors).values() if inspect.isclass(value) and issubclass(value, TlrayError)),
    BadTransition,
]


def made(kind: type[TlrayError]) -> TlrayError:
    has_own = "__init__" in vars(kind)
    n = len(inspect.signature(kind.__init__).parameters) - 1 if has_own else 1
    return kind(*(f"word {i}" for i in range(n)))


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
def test_an_error_survives_pickling_with_its_message(kind: type[TlrayError]) -> None:
    error = made(kind)
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own, a line above
    assert type(again) is kind
    assert str(again) == str(error)
    assert "word 0" in str(error)


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
def test_an_error_ends_a_command_with_the_exit_code_of_the_contract(kind: type[TlrayError]) -> None:
    assert kind.exit_code == EXIT_CODES[kind.__name__]


def test_every_error_stands_in_the_tree_of_the_docstring() -> None:
    for kind in ALL[:-1]:
        assert kind.__name__ in (errors.__doc__ or "")


def test_a_claim_that_does_not_hold_tells_its_story() -> None:
    check_invariant(True, "never told")
    with pytest.raises(InvariantBroken, match="item 7 is in two leases; this is a bug of tlray"):
        check_invariant(False, "item {} is in two leases", 7)
