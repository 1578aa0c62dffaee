"""Parts for users' tests: a journal in memory, and a home written without Ray (`tlray.testing.home`).

Nothing that production code imports.
"""

from tlray.io.journal.sqlite.memory import MemoryJournal

__all__ = ["MemoryJournal"]
