"""The sandbox: the only place from which a mission's process is ever started."""
