"""People and the daemon: whom it believes, what they have signed, what it asks of them."""
