"""The version of tlray."""

__version__ = "0.1.0"
