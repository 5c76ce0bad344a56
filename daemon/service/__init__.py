"""The daemon as a systemd service: `systemd/pawl@.service`, and what differs from host to host."""
