"""Files that commands put into a repository."""
