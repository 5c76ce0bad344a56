"""The gates at work: they read trees, run commands in the sandbox and leave evidence."""
