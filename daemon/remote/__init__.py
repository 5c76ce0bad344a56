"""The hub that several hosts share: what is published, what has to wait for it, whose is what."""
