"""The backlog: wishes of people as values, what is wrong with them, and which is next."""
