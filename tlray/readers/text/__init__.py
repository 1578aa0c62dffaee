"""Reader of text that people write: ``.txt``, ``.md``, ``.nfo``, ``.description``, pasted text. It holds one list of tracks, or none."""

from tlray.readers.text.reader import TextReader

__all__ = ["TextReader"]
