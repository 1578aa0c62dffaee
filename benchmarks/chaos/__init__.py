"""The chaos run: a real batch, killed by a seeded plan, and its books afterwards; the same treatment for peers.

``python -m benchmarks.chaos --items 1000 --kills 12`` (``make chaos``) writes ``docs/reliability.md``.
"""
