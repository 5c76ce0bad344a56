"""Who may decide: the chain of governed commits, signatures, and the permissions found there."""
