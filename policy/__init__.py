"""What is true and what to do: values and pure functions.

Nothing here reads a clock, a file, a process or a repository; import-linter holds it to that.
"""
