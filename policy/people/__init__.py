"""People: whom the daemon believes, and what they may allow."""
