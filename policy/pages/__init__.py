"""Pages for people on `pawl/ledger`, and the figures of METRICS: values in, text out.

Generated, never read back as truth. Nothing in them is of one host or of the moment: two hosts of a
hub would rewrite each other's for ever.
"""
