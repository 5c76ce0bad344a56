"""Whatever changes the code. An adapter says how it is invoked; the door runs it.

The built-in `command` runs the item's own `command`. Builders have no authority: what they leave
in the work tree is snapshotted by the daemon, what they print is a claim.
"""
