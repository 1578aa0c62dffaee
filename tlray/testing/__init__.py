"""Parts for users' tests: a journal in memory.

Nothing that production code imports.
"""

from tlray.io.journal.sqlite.memory import MemoryJournal

__all__ = ["MemoryJournal"]
