"""Reader of text that people write: ``.txt``, ``.md``, ``.nfo``, ``.description``, pasted text."""

from tlray.readers.text.reader import TextReader

__all__ = ["TextReader"]
