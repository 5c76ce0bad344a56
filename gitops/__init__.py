"""Reads and writes the repository: refs, objects, trees, the ledger, landings.

It stores what `policy` decided and reports what it sees; it decides nothing and never waits.
"""
