"""Landing: what is decided about it without touching a repository."""
