"""What every measurement shares: goals and targets, pairs, the disk, the peers, the report."""
