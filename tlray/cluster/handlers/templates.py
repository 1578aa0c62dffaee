"""Which templates may a user take? The built-in ones and their own."""

from __future__ import annotations

from typing import ClassVar

from tlray.cluster.coordinator.state import CoordinatorState
from tlray.cluster.ports.coordinator import Reader
from tlray.core.schedules.built_in_templates import BUILT_IN
from tlray.core.schedules.template import Template


class Templates:
    """The desk's part for templates."""

    ASKS: ClassVar = frozenset({"templates", "template"})
    CHANGES: ClassVar = frozenset({"put_template", "remove_template"})

    def __init__(self, state: CoordinatorState, reading: Reader) -> None:
        self._state = state
        self._reading = reading

    async def templates(self, owner: str) -> list[Template]:
        """Return all that an owner may take, the built-in ones first."""
        return [*BUILT_IN.values(), *await self._reading.ask(lambda journal: journal.templates(owner))]

    async def template(self, owner: str, name: str) -> Template | None:
        """Return a template; None if there is none of that name."""
        return BUILT_IN.get(name) or await self._reading.ask(lambda journal: journal.template(owner, name))

    async def put_template(self, owner: str, template: Template) -> bool | None:
        """Keep a template; True where it is new, None where there are too many."""
        return await self._state.write(self._state.journal.put_template, owner, template)

    async def remove_template(self, owner: str, name: str) -> bool:
        """Forget a template; False if there was none."""
        return await self._state.write(self._state.journal.remove_template, owner, name)
