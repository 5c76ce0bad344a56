"""The backlog as a Markdown file: checkbox lines below `### P0` to `### P3` (docs/markdown.md)."""
