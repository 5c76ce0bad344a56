"""What a failed command printed, recognised: a table of signatures, and whose word may count."""
