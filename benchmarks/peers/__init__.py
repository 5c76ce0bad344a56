"""The other side of each pair; what runs in an environment of its own is a script here."""
