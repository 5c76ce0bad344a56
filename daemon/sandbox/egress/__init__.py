"""The allow-listing proxy: the only way from a sandbox to any network."""
