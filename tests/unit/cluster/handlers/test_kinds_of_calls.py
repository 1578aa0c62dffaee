"""The kinds of a coordinator's methods: reads use the journal alone, commands go on to their end, and calls are typed."""

from __future__ import annotations

import ast
import asyncio
import inspect
import textwrap
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from made_desk import Desk, chunk

from tlray.cluster.driver.remote import remote
from tlray.cluster.handlers.coordinator import Coordinator
from tlray.cluster.handlers.handlers import read_methods
from tlray.core.model.lifecycle import BatchEvent
from tlray.errors import CannotFinish

OF_EVERY_LOOP = {"_reader", "_row", "_visible_row", "_chunk_receipt", *read_methods()}
"""What a read may use: it runs beside the engine's loop, in a thread of its own."""


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.close()


@pytest.mark.parametrize("name", sorted({*read_methods(), *OF_EVERY_LOOP} - {"_reader"}))
def test_a_read_uses_nothing_of_the_engine(name: str) -> None:
    tree = ast.parse(textwrap.dedent(inspect.getsource(getattr(Coordinator, name))))
    used = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self"
    }
    clock_and_home = {
        ast.unparse(node)
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and ast.unparse(node).startswith("self._state.")
    } - {"self._state.wall", "self._state.home", "self._state.home.path"}
    assert not clock_and_home
    assert used <= OF_EVERY_LOOP | {"_state"}


async def test_a_command_goes_on_though_its_caller_leaves(desk: Desk) -> None:
    await desk.submit("B", chunk(3))
    calling = asyncio.create_task(desk.coordinator.control("B", BatchEvent.PAUSE))
    await asyncio.sleep(0)
    calling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await calling
    await asyncio.gather(*desk.state._commands)
    assert desk.in_journal("B")[0] == "paused"


async def test_a_coordinator_that_has_halted_dies_of_a_command_and_not_of_a_read(desk: Desk) -> None:
    deaths: list[None] = []
    desk.state.ports = replace(desk.state.ports, die=lambda: deaths.append(None))
    await desk.submit("B", chunk(3))
    desk.state.halt(CannotFinish("the disk is full"))
    assert await desk.coordinator.batch_owner("B") == "ada"
    assert not deaths
    await desk.coordinator.retry("B")
    assert deaths, "Ray starts a new life, which takes the command again"


def test_a_remote_coordinator_sends_what_is_called() -> None:
    sent: list[tuple[object, ...]] = []

    class Method:
        def remote(self, *args: object, **given: object) -> str:
            sent.append((*args, given))
            return "the reference"

    class Handle:
        list_items = Method()

    coordinator = remote(Handle())
    assert coordinator.list_items("B", state=None, after=0, limit=9) == "the reference"  # type: ignore[comparison-overlap]
    assert sent == [("B", {"state": None, "after": 0, "limit": 9})]
    with pytest.raises(AttributeError):
        coordinator.no_such_method  # type: ignore[attr-defined] # noqa: B018
