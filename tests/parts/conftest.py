"""Real parts that several files share."""

from broker import broker

__all__ = ["broker"]
