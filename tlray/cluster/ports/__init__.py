"""Protocols of everything outside a coordinator's or a task's process.

No Ray and no I/O but the system's clocks; a simulator implements the same protocols.
"""
