"""Guards of a demo site: they refuse a client that is too fast, or takes too many pages.

Two guards that real sites have. The rate guard answers 429 to a client that is faster than the declared
rate. The block guard lets ``after`` pages through, then blocks the whole site for ``lasts_s``.
Both are plain state with the time handed in.
"""

from __future__ import annotations

from dataclasses import dataclass

from tlray.demo.blocks import BLOCKS


@dataclass(slots=True)
class RateGuard:
    """A token bucket that says no: ``rate`` per second, ``burst`` at once."""

    rate: float
    burst: float = 1.0
    slack_s: float = 0.0
    """How much too early still passes: a client's clock and the network are not exact."""
    _level: float = -1.0
    _at_s: float = 0.0
    n_refused: int = 0

    def retry_after_s(self, *, now: float) -> float:
        """Say 0 to let a request pass, else how long it should have waited."""
        if self._level < 0:
            self._level, self._at_s = self.burst, now
        self._level = min(self.burst, self._level + (now - self._at_s) * self.rate)
        self._at_s = now
        if self._level + self.slack_s * self.rate >= 1.0 - 1e-9:
            self._level -= 1.0
            return 0.0
        self.n_refused += 1
        return (1.0 - self._level) / self.rate


@dataclass(frozen=True, slots=True)
class Block:
    """A block of the whole site: its kind, the pages before it, its length."""

    kind: str
    after: int
    lasts_s: float
    sites: frozenset[int] | None = None
    """Which sites do so; None: all."""

    def __post_init__(self) -> None:
        if self.kind not in BLOCKS:
            raise ValueError(f"no block is called {self.kind!r}; there are: {', '.join(BLOCKS)}")


def parse_block(text: str) -> Block:
    """Read ``ip-limit:100:60``: kind, pages before it, seconds that it lasts."""
    try:
        kind, after, lasts_s = text.split(":")
        return Block(kind, int(after), float(lasts_s))
    except ValueError as error:
        raise ValueError(f"cannot read the block {text!r}: write KIND:AFTER:SECONDS ({error})") from None


@dataclass(slots=True)
class BlockGuard:
    """Counts the pages of one site, and blocks it when they are too many."""

    block: Block
    n_pages: int = 0
    blocked_until_s: float = float("-inf")
    n_blocked: int = 0

    def is_blocked(self, *, now: float) -> bool:
        """Count one page, and say whether it meets the block."""
        if now < self.blocked_until_s:
            self.n_blocked += 1
            return True
        if self.n_pages >= self.block.after:
            self.n_pages = 0
            self.blocked_until_s = now + self.block.lasts_s
            self.n_blocked += 1
            return True
        self.n_pages += 1
        return False
