"""Templates: the built-in ones and a user's own."""

from __future__ import annotations

from tlray.cluster.handlers.handlers import Handlers, command, read
from tlray.core.schedules.built_in_templates import BUILT_IN
from tlray.core.schedules.template import Template


class TemplateHandlers(Handlers):
    """Methods for templates."""

    @read
    async def list_templates(self, owner: str) -> list[Template]:
        """Return all that an owner may take, the built-in ones first."""
        return [*BUILT_IN.values(), *await self._reader.ask(lambda journal: journal.templates(owner))]

    @read
    async def get_template(self, owner: str, name: str) -> Template | None:
        """Return a template; None if there is none of that name."""
        return BUILT_IN.get(name) or await self._reader.ask(lambda journal: journal.template(owner, name))

    @command
    async def put_template(self, owner: str, template: Template) -> bool | None:
        """Keep a template; True where it is new, None where there are too many."""
        return await self._state.write(self._state.journal.put_template, owner, template)

    @command
    async def remove_template(self, owner: str, name: str) -> bool:
        """Forget a template; False if there was none."""
        return await self._state.write(self._state.journal.remove_template, owner, name)
