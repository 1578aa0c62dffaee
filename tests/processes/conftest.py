"""Tests that start processes, wait for sockets or hold locks against other processes; no Ray."""
