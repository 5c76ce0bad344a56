"""Does: the loop, the clock, processes, the sandbox, the command line."""
