"""Environments: built once a key, kept by the daemon, mounted read-only."""
